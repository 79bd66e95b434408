import {
  openServiceStore,
  type MetadataSettings,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import type { Config, ProcessContext, ServiceModule } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import type { MonitorCalls } from '../rpc/monitor-days.ts';
import type { RegistryCalls } from '../rpc/registry-aliases.ts';
import { routingEntities } from '../store/entities.ts';
import { routingMigrations } from '../store/migrations/routing-migrations.ts';
import { createRoutingService } from './create-routing-service.ts';
import { readRoutingLimits, type routingSettings } from './routing-settings.ts';

/** What the router is given; all of it is shared and its maker's. */
export interface RoutingDrivers {
  readonly bus: EventBus;
  readonly registry: RegistryCalls;
  readonly monitor: MonitorCalls;
}

export interface OpenedRouting {
  readonly module: ServiceModule;
  readonly store: ServiceStore;
}

/** The router of a process: its database open and up to date, its parts ready to be started. */
export async function openRouting<Known extends MetadataSettings & typeof routingSettings>(
  context: ProcessContext<Known>,
  { bus, registry, monitor }: RoutingDrivers,
  hooks: ServiceStoreHooks = {},
): Promise<OpenedRouting> {
  const config = context.config as unknown as Config<typeof routingSettings>; // one of more settings is one of these, too
  const { clock, ids, dataDirectory } = context;
  const log = context.log.child({ module: 'routing' });
  const schema = { entities: routingEntities, migrations: routingMigrations };
  const store = await openServiceStore(context, bus, 'routing', schema, hooks);
  const limits = readRoutingLimits((key) => config.get(key));
  const { unitOfWork } = store;
  const module = createRoutingService({ unitOfWork, registry, monitor, dataDirectory, clock, ids, log, limits });
  return {
    store,
    module: {
      ...module,
      components: [...store.components, ...module.components],
      isReady: () => (store.isHealthy() ? module.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}
