import type { TrustedKey } from '@slipway/model-package';
import {
  openServiceStore,
  type MetadataSettings,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import type { Config, ProcessContext, ServiceModule } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import type { RegistryCalls } from '../rpc/package-profile.ts';
import { monitoringEntities } from '../store/entities.ts';
import { monitoringMigrations } from '../store/migrations/monitoring-migrations.ts';
import { createMonitoringService } from './create-monitoring-service.ts';
import type { monitoringSettings } from './monitoring-settings.ts';

/** What the monitor is given; the bus is shared and its maker's. */
export interface MonitoringDrivers {
  readonly bus: EventBus;
  /** A principal that may download versions of every workspace. */
  readonly registry: RegistryCalls;
  /** Whose packages are believed; with none, their digest alone is checked. */
  readonly trustedKeys: readonly TrustedKey[];
}

export interface OpenedMonitoring {
  readonly module: ServiceModule;
  readonly store: ServiceStore;
}

/** The monitor of a process: its database open and up to date, its parts ready to be started. */
export async function openMonitoring<Known extends MetadataSettings & typeof monitoringSettings>(
  context: ProcessContext<Known>,
  { bus, registry, trustedKeys }: MonitoringDrivers,
  hooks: ServiceStoreHooks = {},
): Promise<OpenedMonitoring> {
  const config = context.config as unknown as Config<typeof monitoringSettings>; // one of more settings is one of these, too
  const { clock, ids } = context;
  const log = context.log.child({ module: 'monitoring' });
  const schema = { entities: monitoringEntities, migrations: monitoringMigrations };
  const store = await openServiceStore(context, bus, 'monitoring', schema, hooks);
  const evaluateEveryMs = config.get('monitoring.evaluate-every-ms');
  const { module } = createMonitoringService({ store, bus, registry, trustedKeys, clock, ids, log, evaluateEveryMs });
  return {
    store,
    module: {
      ...module,
      components: [...store.components, ...module.components],
      isReady: () => (store.isHealthy() ? module.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}
