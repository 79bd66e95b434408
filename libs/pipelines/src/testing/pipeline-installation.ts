import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { pipelineService, type PipelineRun__Output, type PipelineService } from '@slipway/contracts/slipway.batch.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, type Clock, type Logger } from '@slipway/kernel';
import type { Database, UnitOfWork } from '@slipway/persistence';
import { createMemoryEventBus, openTestDatabase, testCaller, type TestDatabases } from '@slipway/persistence/testing';
import { createInvoker } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import { DEFAULT_LIMITS, type PipelineLimits } from '../domain/limits.ts';
import type { StepKinds } from '../domain/step-kind.ts';
import { createPipelinesService, type PipelinesService } from '../service/create-pipelines-service.ts';
import { pipelineEntities } from '../store/entities.ts';
import { pipelineMigrations } from '../store/migrations/pipeline-migrations.ts';

export interface TestStore {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
}

/** A fresh, open database of pipelines. */
export const openPipelineStore = async (databases: TestDatabases, clock: Clock): Promise<TestStore> =>
  openTestDatabase(await databases.fresh(), { entities: pipelineEntities, migrations: pipelineMigrations, clock });

/** A process as the database sees it: after `crash` nothing of it is written any more, not even what is under way. */
export interface TestProcess extends PipelinesService {
  readonly isDead: boolean;
  readonly pipelines: Client<PipelineService>;
  connect(workspace: string, principal?: string): Client<PipelineService>;
  crash(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestProcessOptions {
  readonly store: TestStore;
  readonly clock: Clock;
  readonly kinds: (process: { readonly isDead: boolean; crash(): void }) => StepKinds;
  readonly limits?: Partial<PipelineLimits>;
  readonly bus?: EventBus;
  readonly seed?: number;
  readonly log?: Logger;
}

let processes = 0;

/** The service in this process over a database that others share; it opens nothing and closes nothing. */
export function createTestProcess(options: TestProcessOptions): TestProcess {
  const { store, clock, log = silentLogger, bus = createMemoryEventBus() } = options;
  processes += 1;
  const ids = createIdSource(clock, seededRandom(options.seed ?? processes));
  const life = { isDead: false };
  const guarded = guard(store, life);
  const crash = (): void => {
    life.isDead = true;
    void service.engine.stop(); // its loops end; what they would still write is refused
  };
  const handle = {
    get isDead() {
      return life.isDead;
    },
    crash,
  };
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const kinds = options.kinds(handle);
  const service = createPipelinesService({ store: guarded, bus, kinds, clock, ids, log, limits });
  const { components } = service.module;
  const connect = (workspace: string, principal = 'alice'): Client<PipelineService> => {
    const metrics = { started: () => undefined, finished: () => undefined };
    const resolveCaller = () => Promise.resolve(testCaller(workspace, principal));
    const invokers = service.module.services.map((each) =>
      createInvoker(each, { clock, ids, log, metrics, resolveCaller }),
    );
    return createClient(pipelineService, inProcessTransport({ invokers, clock: systemClock, token: () => 'any' }));
  };
  return {
    ...service,
    ...handle,
    get isDead() {
      return life.isDead;
    },
    connect,
    pipelines: connect('default'),
    start: async () => {
      for (const component of components) await component.start(AbortSignal.timeout(10_000));
    },
    stop: async () => {
      for (const component of components.toReversed()) await component.stop();
    },
  };
}

function guard({ database, unitOfWork }: TestStore, life: { readonly isDead: boolean }): TestStore {
  const alive = (): void => {
    if (life.isDead) throw new Error('this process has crashed');
  };
  /** What a transaction did is undone when its process dies before the commit. */
  const whileAlive =
    <Argument, Result>(work: (argument: Argument) => Promise<Result>) =>
    async (argument: Argument): Promise<Result> => {
      alive();
      const result = await work(argument);
      alive();
      return result;
    };
  return {
    database: Object.assign(Object.create(database) as Database, {
      read: (work: Parameters<Database['read']>[0]) => database.read(whileAlive(work)),
      write: (work: Parameters<Database['write']>[0]) => database.write(whileAlive(work)),
    }),
    unitOfWork: {
      run: (context, work) => unitOfWork.run(context, whileAlive(work)),
      read: (work) => unitOfWork.read(whileAlive(work)),
    },
  };
}

export const isFinalRun = ({ state }: Pick<PipelineRun__Output, 'state'>): boolean =>
  state === 'PIPELINE_RUN_STATE_SUCCEEDED' ||
  state === 'PIPELINE_RUN_STATE_FAILED' ||
  state === 'PIPELINE_RUN_STATE_CANCELLED';

/** States of steps by name, in short words. */
export const stepStates = (run: PipelineRun__Output): Record<string, string> =>
  Object.fromEntries(
    run.steps.map(({ name, state }) => [name, state.replace('PIPELINE_STEP_STATE_', '').toLowerCase()]),
  );
