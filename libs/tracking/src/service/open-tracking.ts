import {
  openServiceStore,
  type MetadataSettings,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import type { Config, ProcessContext, ServiceModule } from '@slipway/platform';
import type { ArtifactStore, EventBus } from '@slipway/plugin-kit';
import { trackingEntities } from '../store/entities.ts';
import { trackingMigrations } from '../store/migrations/tracking-migrations.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { createHousekeeping } from '../store/housekeeping-rows.ts';
import { createTrackingUnitOfWork } from '../store/tracking-unit-of-work.ts';
import { createTrackingService } from './create-tracking-service.ts';
import { housekeepingComponents } from './housekeeping.ts';
import { readTrackingLimits, type trackingSettings } from './tracking-settings.ts';

/** What tracking is given; whoever made the drivers opens and closes them. */
export interface TrackingDrivers {
  readonly bus: EventBus;
  readonly artifacts: ArtifactStore;
}

export interface OpenedTracking {
  readonly module: ServiceModule;
  readonly store: ServiceStore;
}

/** Tracking in a process: its database open and up to date, its parts ready to be started. */
export async function openTracking<Known extends MetadataSettings & typeof trackingSettings>(
  context: ProcessContext<Known>,
  { bus, artifacts }: TrackingDrivers,
  hooks: ServiceStoreHooks = {},
): Promise<OpenedTracking> {
  const config = context.config as unknown as Config<typeof trackingSettings>; // one of more settings is one of these, too
  const schema = { entities: trackingEntities, migrations: trackingMigrations };
  const store = await openServiceStore(context, bus, 'tracking', schema, hooks);
  const limits = readTrackingLimits((key) => config.get(key));
  const { clock, random } = context;
  const log = context.log.child({ module: 'tracking' });
  const house = housekeepingComponents({
    housekeeping: createHousekeeping(store.unitOfWork),
    unitOfWork: createTrackingUnitOfWork(store.unitOfWork, encodeFact, random),
    artifacts,
    clock,
    log: context.log,
    limits,
  });
  const service = createTrackingService({ unitOfWork: store.unitOfWork, artifacts, clock, random, log, limits });
  return {
    store,
    module: {
      ...service,
      components: [...store.components, ...service.components, ...house],
      isReady: () => (store.isHealthy() ? service.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}
