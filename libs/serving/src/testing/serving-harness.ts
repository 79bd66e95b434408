import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { gRPCInferenceService, type GRPCInferenceService } from '@slipway/contracts/inference';
import {
  predictionService,
  streamService,
  type PredictionService,
  type StreamService,
} from '@slipway/contracts/slipway.serving.v1';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock, type Logger } from '@slipway/kernel';
import { generateKeyPair, readSigningKey, trustedKeyOf } from '@slipway/model-package';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { createUnitOfWork, openDatabase, type Database, type UnitOfWork } from '@slipway/persistence';
import { createInvoker, type InvokerDependencies } from '@slipway/platform';
import type { EventBus, ModelRuntime } from '@slipway/plugin-kit';
import { createServingService, type ServingService } from '../create-serving-service.ts';
import type { RoutingCalls } from '../rpc/assignment-source.ts';
import type { ServingConfig } from '../serving-config.ts';
import type { StoredPredictionCalls } from '../rpc/stream/prediction-table-calls.ts';
import { servingEntities } from '../store/slot-entity.ts';
import { servingMigrations } from '../store/slot-table.ts';
import { constantModel, signedPackage } from './constant-model.ts';
import { FakeFeatureStore } from './fake-feature-store.ts';
import { FakeRegistry } from './fake-registry.ts';

export const TEST_CONFIG: ServingConfig = {
  serverName: 'serving-0',
  scope: { aliases: ['*'], workspaces: ['*'] },
  defaultAlias: 'champion',
  elementsMax: 10_000,
  inferencesMax: 8,
  queueMax: 10_000,
  fetchesMax: 64,
  fetchTimeoutMs: 5_000,
  predictionLog: 'keyed',
  logRowsMax: 10_000,
  logBatchRows: 256,
  logFeatures: 1,
  logFlushMs: 20,
  shadowRowsMax: 10_000,
  jsonBytesMax: 1_000_000,
  loadsMax: 2,
  loadTimeoutMs: 30_000,
  retry: { attemptsMax: 3, firstDelayMs: 20, delayMsMax: 100 },
  drainMs: 5_000,
  reconcileMs: 3_600_000, // tests reconcile when they say so
  packageBytesMax: 1_000_000,
  packageCacheBytesMax: 10_000_000,
};

/** Signs what the harness trusts. */
export const TRUSTED_KEY = readSigningKey(generateKeyPair().privateKeyPem);

const never = new AbortController().signal;

export interface CountedCalls {
  readonly counts: Map<string, number>;
  /** Observed seconds by series. */
  readonly observed: Map<string, number[]>;
  histogram(definition: { readonly name: string }): {
    bind(labels: Readonly<Record<string, string>>): (value: number) => void;
  };
  counter(definition: { readonly name: string }): {
    increase(labels: Readonly<Record<string, string>>, by?: number): void;
    bind(labels: Readonly<Record<string, string>>): (by?: number) => void;
  };
}

function countingMetrics(): CountedCalls {
  const counts = new Map<string, number>();
  const observed = new Map<string, number[]>();
  return {
    counts,
    observed,
    histogram: ({ name }) => ({
      bind: (labels) => {
        const values: number[] = [];
        observed.set(`${name}${JSON.stringify(labels)}`, values);
        return (value) => void values.push(value);
      },
    }),
    counter: ({ name }) => {
      const increase = (labels: Readonly<Record<string, string>>, by = 1): void => {
        const id = `${name}${JSON.stringify(labels)}`;
        counts.set(id, (counts.get(id) ?? 0) + by);
      };
      return { increase, bind: (labels) => (by) => increase(labels, by) };
    },
  };
}

/** What the chain around the handlers needs; everybody may do everything in `default`. */
export const invokerDependencies = (): InvokerDependencies => ({
  clock: systemClock,
  ids: createIdSource(systemClock, seededRandom(11)),
  log: silentLogger,
  metrics: { started: () => undefined, finished: () => undefined },
  resolveCaller: async ({ workspace }) => ({
    principal: 'test',
    workspace: workspace ?? 'default',
    allWorkspaces: true,
    permissions: new Set(['*']),
  }),
});

/** A whole serving service in this process: real ONNX Runtime, real database, a registry in memory. Make another one on the same directory to restart. */
export class ServingHarness {
  readonly service: ServingService;
  readonly registry: FakeRegistry;
  readonly features: FakeFeatureStore;
  readonly client: Client<GRPCInferenceService>;
  readonly predictions: Client<PredictionService>;
  readonly streams: Client<StreamService>;
  readonly metrics = countingMetrics();
  readonly unitOfWork: UnitOfWork;
  readonly #database: Database;
  readonly #runtime: ModelRuntime;
  readonly bus: EventBus;
  #stopped = false;

  private constructor(
    database: Database,
    runtime: ModelRuntime,
    bus: EventBus,
    registry: FakeRegistry,
    options: HarnessOptions,
  ) {
    this.bus = bus;
    const ids = createIdSource(systemClock, seededRandom(5));
    this.registry = registry;
    this.features = options.features ?? new FakeFeatureStore();
    this.#database = database;
    this.#runtime = runtime;
    this.unitOfWork = createUnitOfWork({ database, ids, random: seededRandom(6) });
    this.service = createServingService({
      config: { ...TEST_CONFIG, ...options.config },
      unitOfWork: this.unitOfWork,
      registry,
      features: this.features,
      ...(options.tables && { tables: options.tables }),
      routing: options.routing,
      bus,
      runtime,
      trustedKeys: [trustedKeyOf(TRUSTED_KEY)],
      metrics: this.metrics,
      packageDirectory: join(options.directory, 'packages'),
      serverVersion: '0.1.0',
      clock: systemClock,
      random: seededRandom(9),
      ids,
      log: options.log ?? silentLogger,
    });
    const invokers = [...this.service.services, ...this.service.streamServices].map((each) =>
      createInvoker(each, invokerDependencies()),
    );
    const transport = inProcessTransport({ invokers, clock: systemClock });
    this.client = createClient(gRPCInferenceService, transport);
    this.predictions = createClient(predictionService, transport);
    this.streams = createClient(streamService, transport);
  }

  /** @param directory kept over restarts. */
  static async start(options: HarnessOptions): Promise<ServingHarness> {
    const { directory, registry = new FakeRegistry() } = options;
    const target = { driver: 'sqlite', file: join(directory, 'serving.db') } as const;
    const database = await openDatabase(target, {
      entities: servingEntities,
      migrations: servingMigrations,
      log: silentLogger,
    });
    const ids = createIdSource(systemClock, seededRandom(1));
    const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: directory };
    const runtimeConfig = modelRuntimeOnnxPlugin.parseConfig({ trial: options.trial ?? false });
    const runtime = modelRuntimeOnnxPlugin.create(runtimeConfig, dependencies);
    await runtime.open(never);
    const busDirectory = join(directory, 'bus');
    mkdirSync(busDirectory, { recursive: true });
    const busConfig = eventBusSqlitePlugin.parseConfig(options.bus ?? {});
    const bus =
      options.makeBus?.() ?? eventBusSqlitePlugin.create(busConfig, { ...dependencies, dataDirectory: busDirectory });
    await bus.open(never);
    const harness = new ServingHarness(database, runtime, bus, registry, options);
    for (const component of harness.service.components) await component.start(never);
    return harness;
  }

  /** Publishes a version that answers x + version, signed by a trusted key. */
  publish(model: string, version: number): void {
    const identity = { workspace: 'default', model, version };
    this.registry.publish(model, version, signedPackage(identity, constantModel(version), TRUSTED_KEY));
  }

  /** Publishes a version that is fed by key. */
  publishKeyed(model: string, version: number, graph: Uint8Array, features: readonly string[]): void {
    const identity = { workspace: 'default', model, version };
    this.registry.publish(model, version, signedPackage(identity, graph, TRUSTED_KEY, { features }));
  }

  /** Moves the alias and delivers its event; the load goes on behind it. */
  async move(model: string, version: number, alias = 'champion'): Promise<void> {
    const { key, target } = this.registry.move(model, alias, version);
    await this.service.models.apply(key, target);
  }

  async moveAndSettle(model: string, version: number, alias = 'champion'): Promise<void> {
    await this.move(model, version, alias);
    await this.service.models.settled();
  }

  /** @returns the version that answered and the first value of its answer. */
  async infer(name: string, values: readonly number[], version = ''): Promise<{ version: string; y: number[] }> {
    const raw = Buffer.from(Float32Array.from(values).buffer);
    const answer = await this.client.modelInfer({
      model_name: name,
      model_version: version,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [values.length] }],
      raw_input_contents: [raw],
    });
    const bytes = new Uint8Array(answer.raw_output_contents[0] ?? []);
    return { version: answer.model_version, y: [...new Float32Array(bytes.buffer)] };
  }

  /** Payloads that wait in the outbox, oldest first. */
  async facts(): Promise<readonly { readonly type: string; readonly data: Record<string, unknown> }[]> {
    const rows = await this.unitOfWork.read(({ sql }) =>
      sql.all<{ event: string }>('select event from slipway_outbox order by position'),
    );
    return rows.map(({ event }) => JSON.parse(event) as { type: string; data: Record<string, unknown> });
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const components = [...this.service.components].reverse();
    for (const component of components) await component.drain?.(never);
    for (const component of components) await component.stop();
    await this.bus.close();
    await this.#runtime.close();
    await this.#database.close();
  }
}

export interface HarnessOptions {
  readonly directory: string;
  readonly registry?: FakeRegistry;
  readonly features?: FakeFeatureStore;
  readonly routing?: RoutingCalls;
  readonly config?: Partial<ServingConfig>;
  /** Where streams keep results by key; they are scored when `config` says how. */
  readonly tables?: StoredPredictionCalls;
  /** Settings of the embedded bus. */
  readonly bus?: Readonly<Record<string, unknown>>;
  /** Another bus than the embedded one, not open yet. */
  readonly makeBus?: () => EventBus;
  readonly trial?: boolean;
  readonly log?: Logger;
}
