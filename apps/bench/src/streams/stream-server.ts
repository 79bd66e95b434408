import { join } from 'node:path';
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { streamService, type StreamService } from '@slipway/contracts/slipway.serving.v1';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { readTrustedKey } from '@slipway/model-package';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { createUnitOfWork, openDatabase } from '@slipway/persistence';
import { createInvoker } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import {
  createServingService,
  readServingConfig,
  servingEntities,
  servingMigrations,
  servingSettings,
  type MetricSource,
} from '@slipway/serving';
import type { Opened } from '../measure/opened.ts';
import { MODEL, onePackage } from './one-package.ts';
import { STREAM } from './events.ts';

const { signal } = new AbortController();

/** Serving with its settings by default, in this process, on a bus that is there. */
export interface StreamServer {
  /** Begins to score. @param fromBeginning with what the bus has already. */
  begin(fromBeginning: boolean): Promise<void>;
  /** Events with a result, for which there is a latency; costs nothing, while `progress` is a call. */
  scored(): number;
  /** Events with a result, and events without. */
  progress(): Promise<{ readonly scored: number; readonly pending: number; readonly deadLettered: number }>;
  /** Milliseconds of every event that was scored since the last time. */
  takeLatencies(): readonly number[];
}

/** Ready to score: its model is loaded. */
export async function startStreamServer(bus: EventBus, directory: string, opened: Opened): Promise<StreamServer> {
  const shared = { clock: systemClock, ids: createIdSource(systemClock, systemRandom), log: silentLogger };
  const database = await openDatabase(
    { driver: 'sqlite', file: join(directory, 'serving.db') },
    { entities: servingEntities, migrations: servingMigrations, log: silentLogger },
  );
  opened.onEnd(() => database.close());
  const runtimeConfig = modelRuntimeOnnxPlugin.parseConfig({ trial: 'false' });
  const runtime = modelRuntimeOnnxPlugin.create(runtimeConfig, { ...shared, dataDirectory: directory });
  await runtime.open(signal);
  opened.onEnd(() => runtime.close());
  const { registry, trustedKeys } = onePackage();
  const latencies: number[] = [];
  const service = createServingService({
    ...shared,
    config: readServingConfig((key) => servingSettings[key].default as never),
    unitOfWork: createUnitOfWork({ database, ids: shared.ids, random: systemRandom }),
    registry,
    features: { getOnlineFeatures: () => Promise.reject(new Error('every event brings its features')) },
    tables: { writePredictions: () => Promise.reject(new Error('the stream has no table')) },
    routing: undefined,
    bus,
    runtime,
    trustedKeys: trustedKeys.map((pem) => readTrustedKey(pem)),
    metrics: metricsWith('slipway_stream_latency_seconds', (seconds) => latencies.push(seconds * 1000)),
    packageDirectory: join(directory, 'packages'),
    serverVersion: '0.0.0',
    random: systemRandom,
  });
  for (const component of service.components) {
    await component.start(signal);
    opened.onEnd(() => component.stop());
    opened.onEnd(() => component.drain?.(signal));
  }
  while (!service.isReady()) await systemClock.sleep(5);
  return serverOf(clientOf(service.streamServices), latencies);
}

function clientOf(services: readonly Parameters<typeof createInvoker>[0][]): Client<StreamService> {
  const dependencies: Parameters<typeof createInvoker>[1] = {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    metrics: { started: () => undefined, finished: () => undefined },
    resolveCaller: async ({ workspace }) => ({
      principal: 'bench',
      workspace: workspace ?? 'default',
      allWorkspaces: true,
      permissions: new Set(['*']),
    }),
  };
  const invokers = services.map((each) => createInvoker(each, dependencies));
  return createClient(streamService, inProcessTransport({ invokers, clock: systemClock }));
}

const serverOf = (streams: Client<StreamService>, latencies: number[]): StreamServer => ({
  begin: async (fromBeginning) => {
    await streams.createStream({ name: STREAM, model: MODEL, from_beginning: fromBeginning });
  },
  scored: () => latencies.length,
  progress: async () => {
    const { stream } = await streams.getStream({ name: STREAM });
    const { scored = '0', pending = '-1', dead_lettered: dead = '0' } = stream?.status ?? {};
    return { scored: Number(scored), pending: Number(pending), deadLettered: Number(dead) };
  },
  takeLatencies: () => latencies.splice(0),
});

/** Counts nothing but one histogram, whose values are told one by one. */
const metricsWith = (name: string, observe: (value: number) => void): MetricSource => ({
  counter: () => ({ increase: () => undefined, bind: () => () => undefined }),
  histogram: (definition) => ({ bind: () => (definition.name === name ? observe : () => undefined) }),
});
