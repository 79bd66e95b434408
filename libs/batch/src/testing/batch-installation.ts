import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { SAMPLE_FEATURES, sampleGraph, sampleQuery, signPackage, writeRows, type SignedPackage } from '@slipway/batch-worker/testing'; // prettier-ignore
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { batchService, type BatchService, type ScoringPlan } from '@slipway/contracts/slipway.batch.v1';
import { operationService, type Operation__Output, type OperationService } from '@slipway/contracts/slipway.common.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, type Caller } from '@slipway/kernel';
import { launcherProcessPlugin } from '@slipway/launcher-process';
import { createPlatformServices, type CommitStep, type Database, type DatabaseTarget, type UnitOfWork } from '@slipway/persistence'; // prettier-ignore
import { openTestDatabase } from '@slipway/persistence/testing';
import { createInvoker } from '@slipway/platform';
import { artifactPath, type ArtifactStore, type ColumnSpec, type Launcher } from '@slipway/plugin-kit';
import type { StoredFile } from '../domain/partition.ts';
import { DEFAULT_BATCH_LIMITS } from '../service/batch-settings.ts';
import { createBatchService, type BatchServiceOptions } from '../service/create-batch-service.ts';
import { batchEntities } from '../store/entities.ts';
import { batchMigrations } from '../store/migrations/batch-migrations.ts';
import { FakeFeatures } from './fake-features.ts';
import { FakeRegistry } from './fake-registry.ts';

export interface BatchInstallation {
  readonly batch: Client<BatchService>;
  readonly operations: Client<OperationService>;
  readonly artifacts: ArtifactStore;
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly features: FakeFeatures;
  readonly registry: FakeRegistry;
  readonly launcher: Launcher;
  connect(workspace: string): Client<BatchService>;
  /** The operation when it has ended, however it did. */
  readonly ended: (operation: { readonly id?: string } | null | undefined) => Promise<Operation__Output>;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly seed?: number;
  readonly limits?: Partial<typeof DEFAULT_BATCH_LIMITS>;
  /** Settings of the launcher. */
  readonly launcher?: Readonly<Record<string, string>>;
  readonly hooks?: Pick<BatchServiceOptions, 'atStep' | 'operations'> & {
    readonly atCommitStep?: (step: CommitStep) => void;
  };
}

const unaborted = (): AbortSignal => AbortSignal.timeout(60_000);

const callerOf = (workspace: string): Caller => ({
  principal: 'alice',
  workspace,
  allWorkspaces: false,
  permissions: new Set(['*']),
});

export const openArtifacts = async (directory: string): Promise<ArtifactStore> => {
  mkdirSync(join(directory, 'artifacts'), { recursive: true });
  const artifacts = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(process.pid)),
    log: silentLogger,
    dataDirectory: join(directory, 'artifacts'),
  });
  await artifacts.open(unaborted());
  return artifacts;
};

/** The service with worker processes, real scoring and artifacts on disk; registry and feature store are fakes that keep to their contract. */
export async function startBatch(options: InstallationOptions): Promise<BatchInstallation> {
  const { directory, target, seed = 1, hooks = {} } = options;
  const ids = createIdSource(systemClock, seededRandom(seed));
  const shared = { clock: systemClock, ids, log: silentLogger };
  const { database, unitOfWork } = await openTestDatabase(target, {
    entities: batchEntities,
    migrations: batchMigrations,
    seed,
    ...(hooks.atCommitStep ? { atStep: hooks.atCommitStep } : {}),
  });
  const artifacts = await openArtifacts(directory);
  const launcher = launcherProcessPlugin.create(
    launcherProcessPlugin.parseConfig({ workers: '2', heartbeatMs: '100', graceMs: '500', ...options.launcher }),
    { ...shared, dataDirectory: directory },
  );
  const [features, registry] = [new FakeFeatures(directory), new FakeRegistry(directory)];
  const { atCommitStep: _, ...serviceHooks } = hooks;
  const { module, operations } = createBatchService({
    ...shared,
    store: { database, unitOfWork },
    artifacts,
    launcher,
    workerModule: new URL('./test-worker.ts', import.meta.url),
    registry: registry.calls,
    features: features.calls,
    featureOperations: features.operationCalls,
    trustedKeys: registry.trustedKeys,
    directory: join(directory, `batch-${seed}`),
    limits: { ...DEFAULT_BATCH_LIMITS, leaseMs: 2_000, settleEveryMs: 200, batchRows: 512, ...options.limits },
    ...serviceHooks,
  });
  const components = [...module.components, operations];
  for (const component of components) await component.start(unaborted());
  const services = [...module.services, ...createPlatformServices(new Map([['batch', { database, operations }]]))];
  const transportOf = (workspace: string) => {
    const metrics = { started: () => undefined, finished: () => undefined };
    const resolveCaller = () => Promise.resolve(callerOf(workspace));
    const invokers = services.map((service) => createInvoker(service, { ...shared, metrics, resolveCaller }));
    return inProcessTransport({ invokers, clock: systemClock, token: () => 'any' });
  };
  const watcher = createClient(operationService, transportOf('default'));
  return {
    batch: createClient(batchService, transportOf('default')),
    operations: watcher,
    artifacts,
    database,
    unitOfWork,
    features,
    registry,
    launcher,
    connect: (workspace) => createClient(batchService, transportOf(workspace)),
    ended: async (operation) => {
      let last: Operation__Output | undefined;
      for await (const told of watcher.watchOperation({ id: operation?.id ?? '' })) last = told.operation ?? last;
      if (!last) throw new Error('there is no such operation');
      return last;
    },
    stop: async () => {
      for (const component of components.toReversed()) await component.stop();
      await artifacts.close();
      await database.close();
    },
  };
}

export const SAMPLE_COLUMNS: readonly ColumnSpec[] = [
  { name: 'id', type: 'integer' },
  { name: 'origin', type: 'string' },
  { name: 'scheduled_at', type: 'timestamp' },
  ...SAMPLE_FEATURES.map((name): ColumnSpec => ({ name, type: 'number' })),
];

/** Two features of the store, the others of the request. */
export const MODEL_FEATURES: readonly string[] = SAMPLE_FEATURES.map((name, index) =>
  index < 2 ? `delays:${name}` : `request:${name}`,
);
const SET_COLUMNS: readonly ColumnSpec[] = SAMPLE_COLUMNS.map(({ name, type }) =>
  name === 'f0' || name === 'f1' ? { name: `delays__${name}`, type } : { name, type },
);

export const PLAN: ScoringPlan = {
  consumer: 'nightly',
  source: 'flights',
  model: 'flights@champion',
  passthrough: ['id', 'scheduled_at'],
  partition_rows: '1000',
};

export interface SampleOptions {
  /** Rows of each file. */
  readonly files?: readonly number[];
  /** Changes a query over the columns of the set, e.g. to plant bad rows. */
  readonly query?: (query: string) => string;
  readonly pack?: { readonly pack: SignedPackage; readonly features: readonly string[] };
}

/** Puts rows and a model where the fakes find them. */
export async function layOutSample(directory: string, options: SampleOptions = {}): Promise<void> {
  const { files = [3_500, 2_500], query = (text) => text } = options;
  const artifacts = await openArtifacts(directory);
  const stored: StoredFile[] = [];
  let seed = 0;
  for (const rows of files) {
    const file = join(directory, `set-${(seed += 1)}.parquet`);
    const named = `select id + ${seed * 1_000_000} as id, origin, scheduled_at, f0 as delays__f0, f1 as delays__f1, f2, f3, f4, f5, f6 from (${sampleQuery(rows, seed)})`;
    await writeRows(query(named), file);
    const content = readFileSync(file);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const path = artifactPath('default', 'features', 'sets', `${sha256}.parquet`);
    await artifacts.write(path, createReadStream(file), {}, unaborted());
    stored.push({ uri: `artifact:${path}`, bytes: content.length, sha256, rows });
  }
  await artifacts.close();
  const { pack, features } = options.pack ?? { pack: signPackage(await sampleGraph(), MODEL_FEATURES), features: MODEL_FEATURES }; // prettier-ignore
  new FakeRegistry(directory).add(pack, features, 'champion');
  new FakeFeatures(directory).state.change((state) => ({
    ...state,
    source: 'flights',
    columns: SAMPLE_COLUMNS.filter(({ name }) => name !== 'f0' && name !== 'f1'),
    setColumns: SET_COLUMNS,
    files: stored,
  }));
}
