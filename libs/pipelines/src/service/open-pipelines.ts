import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Component } from '@slipway/kernel';
import {
  openServiceStore,
  type MetadataSettings,
  type ServiceStore,
  type ServiceStoreHooks,
} from '@slipway/persistence';
import { driverComponent, type Config, type ProcessContext, type ServiceModule } from '@slipway/platform';
import type { TrustedKey } from '@slipway/model-package';
import type { ArtifactStore, EventBus, ModelRuntime, Trainer } from '@slipway/plugin-kit';
import { parseCommands, type Commands } from '../steps/command/command-file.ts';
import type { PipelineClients } from '../steps/services.ts';
import { createStepKinds } from '../steps/step-kinds.ts';
import { TrainingSets } from '../steps/training-set/training-sets.ts';
import { pipelineEntities } from '../store/entities.ts';
import { pipelineMigrations } from '../store/migrations/pipeline-migrations.ts';
import { createPipelinesService } from './create-pipelines-service.ts';
import { readPipelineLimits, type pipelinesSettings } from './pipelines-settings.ts';

/** What pipelines are given. They open and close trainer and runtime; artifact store and bus are shared and their maker's. */
export interface PipelineDrivers {
  readonly bus: EventBus;
  readonly artifacts: ArtifactStore;
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  /** Their caller needs the role `pipelines`; see `internalCallers` for a process that hosts the other services, too. */
  readonly clients: PipelineClients;
  /** Asked when a package is verified. */
  readonly trustedKeys: () => readonly TrustedKey[];
  /** Of this process, for commands; nothing of it by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface OpenedPipelines {
  readonly module: ServiceModule;
  readonly store: ServiceStore;
}

/** For kill tests. */
export interface PipelineHooks {
  readonly store?: ServiceStoreHooks;
}

/**
 * Pipelines of a process: their database open and up to date, their parts ready to be started.
 * @throws {Error} when the file of commands cannot be read.
 */
export async function openPipelines<Known extends MetadataSettings & typeof pipelinesSettings>(
  context: ProcessContext<Known>,
  { bus, artifacts, environment = {}, ...drivers }: PipelineDrivers,
  hooks: PipelineHooks = {},
): Promise<OpenedPipelines> {
  const config = context.config as unknown as Config<typeof pipelinesSettings>; // one of more settings is one of these, too
  const { clock, ids } = context;
  const log = context.log.child({ module: 'pipelines' });
  const commands = readCommands(config.get('pipelines.commands'));
  const schema = { entities: pipelineEntities, migrations: pipelineMigrations };
  const store = await openServiceStore(context, bus, 'pipelines', schema, hooks.store);
  const sets = new TrainingSets(artifacts, join(context.dataDirectory, 'pipelines', 'scratch'));
  const kinds = createStepKinds({ ...drivers, sets, commands, environment });
  const limits = readPipelineLimits((key) => config.get(key));
  const { module } = createPipelinesService({ store, bus, kinds, clock, ids, log, limits });
  const scratch: Component = {
    name: 'pipeline scratch',
    start: () => sets.prepare(),
    stop: () => Promise.resolve(),
  };
  const parts = [
    driverComponent('trainer', drivers.trainer),
    driverComponent('model runtime of pipelines', drivers.runtime),
  ];
  return {
    store,
    module: {
      ...module,
      components: [...store.components, scratch, ...parts, ...module.components],
      isReady: () => (store.isHealthy() ? module.isReady() : { ready: false, reason: 'the database does not answer' }),
    },
  };
}

function readCommands(path: string): Commands {
  if (path === '') return new Map();
  const file = resolve(path);
  return parseCommands(readFileSync(file, 'utf8'), dirname(file));
}
