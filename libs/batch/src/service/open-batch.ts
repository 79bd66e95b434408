import { join } from 'node:path';
import {
  openServiceStore,
  type MetadataSettings,
  type OperationRunnerOptions,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import type { Config, ProcessContext, ServiceModule } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import type { BatchStep } from '../domain/dependencies.ts';
import { batchEntities } from '../store/entities.ts';
import { batchMigrations } from '../store/migrations/batch-migrations.ts';
import { readBatchLimits, type batchSettings } from './batch-settings.ts';
import { createBatchService, type BatchServiceOptions } from './create-batch-service.ts';

/** What scoring jobs are given. The launcher is opened and closed here; bus and artifact store are shared and their maker's. */
export type BatchDrivers = { readonly bus: EventBus } & Pick<
  BatchServiceOptions,
  'artifacts' | 'launcher' | 'workerModule' | 'registry' | 'features' | 'featureOperations' | 'trustedKeys'
>;

export interface OpenedBatch {
  readonly module: ServiceModule;
  /** With the runner of its long work, which `openPlatformServices` starts and stops. */
  readonly store: ServiceStore;
}

/** For kill tests. */
export interface BatchHooks {
  readonly store?: ServiceStoreHooks;
  readonly atStep?: (step: BatchStep) => void;
  readonly operations?: Pick<OperationRunnerOptions, 'leaseMs' | 'pollMs'>;
}

/** The scoring jobs of a process: their database open and up to date, their parts ready to be started. */
export async function openBatch<Known extends MetadataSettings & typeof batchSettings>(
  context: ProcessContext<Known>,
  { bus, ...drivers }: BatchDrivers,
  { store: storeHooks, ...hooks }: BatchHooks = {},
): Promise<OpenedBatch> {
  const config = context.config as unknown as Config<typeof batchSettings>; // one of more settings is one of these, too
  const { clock, ids } = context;
  const log = context.log.child({ module: 'batch' });
  const limits = readBatchLimits((key) => config.get(key));
  const schema = { entities: batchEntities, migrations: batchMigrations };
  const store = await openServiceStore(context, bus, 'batch', schema, storeHooks);
  const directory = join(context.dataDirectory, 'batch');
  const { module, operations } = createBatchService({
    store,
    ...drivers,
    directory,
    clock,
    ids,
    log,
    limits,
    ...hooks,
  });
  return {
    store: { ...store, operations },
    module: {
      ...module,
      components: [...store.components, ...module.components],
      isReady: () => (store.isHealthy() ? module.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}
