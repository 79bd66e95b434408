import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { gRPCInferenceService, type GRPCInferenceService } from '@slipway/contracts/inference';
import {
  registryService,
  type CreateModelVersionRequest,
  type RegistryService,
} from '@slipway/contracts/slipway.registry.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, type DomainError } from '@slipway/kernel';
import type { TrainedModel, TrainerPlugin } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation, type ServerProcess } from './plugin-installation.ts';

const readme = readFileSync(join(import.meta.dirname, '../../../libs/plugin-kit/README.md'), 'utf8');
const MODEL = 'doubler';
const ALIAS = 'champion';

let directory: ReturnType<typeof temporaryDirectory>;
let installation: Installation;
beforeAll(async () => {
  directory = temporaryDirectory();
  installation = new Installation(directory.path);
  await installation.prepareAuthoring();
}, 60_000);
afterAll(() => directory.remove());

/** The server of a test, and its clients. */
class Session {
  readonly #process: ServerProcess;
  readonly #transports: ReturnType<typeof grpcTransport>[] = [];
  #ports = { grpc: 0, inference: 0 };

  constructor(process: ServerProcess) {
    this.#process = process;
  }
  static async start(): Promise<Session> {
    const session = new Session(installation.start());
    session.#ports = await session.#process.ports();
    return session;
  }
  get output(): string {
    return this.#process.output;
  }
  registry(token: string): Client<RegistryService> {
    return createClient(registryService, this.#transport(this.#ports.grpc, token));
  }
  inference(token: string): Client<GRPCInferenceService> {
    return createClient(gRPCInferenceService, this.#transport(this.#ports.inference, token));
  }
  async stop(): Promise<number | null> {
    await Promise.all(this.#transports.splice(0).map((transport) => transport.close()));
    return this.#process.stop();
  }
  #transport(port: number, token: string): ReturnType<typeof grpcTransport> {
    const transport = grpcTransport({ address: `127.0.0.1:${port}`, token: () => token });
    this.#transports.push(transport);
    return transport;
  }
}

const failureOf = async (call: Promise<unknown>): Promise<DomainError> =>
  call.then(
    () => expect.unreachable('the call should have been refused'),
    (error: unknown) => error as DomainError,
  );

/** y = 2 x + 1, learned by the trainer of the installed plugin. */
async function train(): Promise<TrainedModel> {
  const entry = join(installation.site, 'node_modules/slipway-plugin-example/dist/index.js');
  const { newtonPlugin } = (await import(pathToFileURL(entry).href)) as { newtonPlugin: TrainerPlugin<object> };
  const dependencies = { clock: systemClock, ids: createIdSource(systemClock, seededRandom(1)), log: silentLogger };
  const trainer = newtonPlugin.create({}, { ...dependencies, dataDirectory: installation.folder });
  const signal = AbortSignal.timeout(20_000);
  await trainer.open(signal);
  const x = Float64Array.from({ length: 50 }, (_, row) => row);
  const columns = [
    { name: 'x', kind: 'numeric' as const, values: x },
    { name: 'y', kind: 'numeric' as const, values: x.map((value) => 2 * value + 1) },
  ];
  const table = { rows: x.length, columns, id: 'line' };
  const job = { table, target: 'y', task: 'regression' as const, features: ['x'], options: { ridge: 1e-9 }, seed: 1 };
  const trained = await trainer.train({ ...job, onProgress: () => undefined }, signal);
  await trainer.close();
  return trained;
}

async function* upload(model: Uint8Array): AsyncIterable<CreateModelVersionRequest> {
  const sha256 = createHash('sha256').update(model).digest('hex');
  const files = [{ path: 'model.onnx', bytes: String(model.byteLength), sha256 }];
  yield { header: { model: MODEL, files, graph: 'model.onnx', features: ['x'], training_set_id: 'line' } };
  yield { chunk: Buffer.from(model) };
  yield { file_end: true };
}

async function predict(inference: Client<GRPCInferenceService>, x: number): Promise<number | undefined> {
  const response = await inference.modelInfer({
    model_name: MODEL,
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['1', '1'] }],
    raw_input_contents: [Buffer.from(Float32Array.of(x).buffer)],
  });
  return response.raw_output_contents[0]?.readFloatLE(0);
}

const served = (inference: Client<GRPCInferenceService>, x: number) =>
  expect.poll(() => predict(inference, x).catch((error: unknown) => error), { timeout: 20_000, interval: 50 });

describe('the published plugin kit', () => {
  it('lets an example outside of the workspace build, pass every contract suite, and be packed', async () => {
    const output = await installation.buildAndTestExample();
    expect(output).toMatch(/Test Files\s+6 passed \(6\)/);
    expect(output).toContain('slipway-plugin-example-1.0.0.tgz');
  }, 110_000);

  it('has declarations that a strict compiler takes, also those that the README uses', async () => {
    const [, sample = ''] = /```ts\n([^]*?)```/.exec(readme) ?? [];
    expect(sample).toContain('satisfies PluginPackage');
    const wrong = sample.replace("port: 'gate'", "// @ts-expect-error there is no such port\n  port: 'gates'");
    expect(wrong).not.toBe(sample);
    await installation.checkTypes({ 'readme.ts': sample, 'readme-wrong.ts': wrong });
  }, 60_000);

  it('needs nothing that is not in it', () => {
    const kit = join(installation.folder, 'node_modules/@slipway/plugin-kit');
    const files = readdirSync(kit, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(?:js|d\.ts)$/.test(file),
    );
    const imported = files.flatMap((file) =>
      [...readFileSync(join(kit, file), 'utf8').matchAll(/(?:\bfrom|\bimport\()\s*['"]([^'".][^'"]*)['"]/g)].map(
        ([, name]) => name,
      ),
    );
    const own = new Set(imported.filter((name) => !name?.startsWith('node:')));
    expect(own).toEqual(new Set(['vitest', 'fast-check']));
  });
});

describe('the bundle with the example plugin', () => {
  beforeAll(() => installation.prepareSite(), 60_000);

  it('takes a model from upload to prediction through four of its drivers, and again after a restart', async () => {
    const first = await Session.start();
    try {
      await promote(first);
      await served(first.inference(installation.token('alice')), 20.5).toBeCloseTo(42, 3);
      expect(first.output).toContain('plugin loaded');
      expectOwnFiles(join(installation.site, 'data'));
    } finally {
      expect(await first.stop()).toBe(0);
    }
    const second = await Session.start();
    try {
      await served(second.inference(installation.token('alice')), -3).toBeCloseTo(-5, 3);
    } finally {
      expect(await second.stop()).toBe(0);
    }
  }, 60_000);

  it.each<[string, string[], string]>([
    [
      'a path for a package',
      ['--plugins', './node_modules/slipway-plugin-example'],
      'is not the exact name of an npm package',
    ],
    [
      'a package that is not installed',
      ['--plugins', 'slipway-plugin-exampel'],
      'run npm install slipway-plugin-exampel there',
    ],
    [
      'the same package twice',
      ['--plugins', 'slipway-plugin-example,slipway-plugin-example'],
      "which package 'slipway-plugin-example' has already",
    ],
    ['a setting that the driver refuses', ['--event-bus-json-lines-bytes-max', 'many'], 'bytesMax: use a whole number'],
    ['a key that is too short', ['--authenticator-signed-key-file', 'short.key'], 'use 32 random ones or more'],
  ])('does not start with %s, and says why', async (_, flags, text) => {
    writeFileSync(join(installation.site, 'short.key'), 'short');
    const server = installation.start(...flags);
    expect(await server.ended()).toBe(1);
    expect(server.output).toContain(text);
  });
});

async function promote(session: Session): Promise<void> {
  const alice = session.registry(installation.token('alice'));
  const bob = session.registry(installation.token('bob'));
  const stranger = session.registry(`${installation.token('alice').slice(0, -1)}_`);
  expect((await failureOf(stranger.listRegisteredModels({}))).kind).toBe('unauthenticated');

  await alice.createRegisteredModel({ name: MODEL });
  const policy = (min: string) => {
    const gates = [{ gate: 'every-dataset', parameters: { metric: 'r2', min, datasets: 'north,south' } }];
    return { model: MODEL, alias: ALIAS, approvals_required: 1, gates };
  };
  const wrong = await failureOf(bob.setAliasPolicy(policy('high')));
  expect(wrong).toMatchObject({ kind: 'invalid-argument', reason: 'GATE_PARAMETERS_INVALID' });
  expect(wrong.violations.map(({ field }) => field)).toEqual(['gates[0].parameters.min']);
  await bob.setAliasPolicy(policy('0.9'));

  const { version: made } = await alice.createModelVersion(upload((await train()).model));
  const version = made?.version ?? '';
  const measure = (dataset: string, r2: number) =>
    alice.recordEvaluation({ model: MODEL, version, dataset, rows: '50', metrics: { r2 } });
  await measure('north', 0.99);
  await bob.approveModelVersion({ model: MODEL, version, alias: ALIAS });
  const refused = await failureOf(alice.moveAlias({ model: MODEL, version, alias: ALIAS }));
  expect(refused).toMatchObject({ kind: 'failed-precondition', reason: 'ALIAS_MOVE_REFUSED' });
  expect(refused.message).toContain('north 0.99, south not measured');
  await measure('south', 0.98);
  await alice.moveAlias({ model: MODEL, version, alias: ALIAS });
}

/** The event of the move is in the log of the example's bus, and the model (which names its producer) in its store: nothing fell back to a built-in driver. */
function expectOwnFiles(data: string): void {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' });
  const log = files.find((file) => file.endsWith('events.jsonl')) ?? '';
  expect(readFileSync(join(data, log), 'utf8')).toContain('.registry.alias.moved.');
  const stored = files
    .filter((file) => /single-folder\/[0-9a-f]{64}$/.test(file))
    .map((file) => readFileSync(join(data, file), 'latin1'));
  expect(stored.some((content) => content.includes('slipway-plugin-example'))).toBe(true);
}
