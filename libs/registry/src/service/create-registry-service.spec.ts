import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { registryService, type RegistryService } from '@slipway/contracts/slipway.registry.v1';
import { createIdSource, DomainError, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { decodeEnvelope, verifyEnvelope } from '@slipway/model-package';
import { openTestDatabase, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { createInvoker, type ServiceModule } from '@slipway/platform';
import { temporaryDirectory } from '@slipway/testing';
import { DEFAULT_LIMITS } from '../domain/limits.ts';
import { registryEntities } from '../store/entities.ts';
import { registryMigrations } from '../store/migrations/registry-migrations.ts';
import { callerOf } from '../testing/registry-fixture.ts';
import { testWebhooks } from '../testing/webhook-receiver.ts';
import { fileOf, sampleGraph, streamOf } from '../testing/sample-package.ts';
import { createRegistryService } from './create-registry-service.ts';
import { loadSigningKeys, type SigningKeys } from './signing-keys.ts';

const champion = { model: 'flights', alias: 'champion' };

/** SQLite, files on disk, and the chain that every call goes through: rules of the contract, handler, check of the answer. */
describe('the registry service', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let databases: TestDatabases;
  let module: ServiceModule;
  let keys: SigningKeys;
  let alice: Client<RegistryService>;
  let bob: Client<RegistryService>;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    directory = temporaryDirectory();
    databases = await sqliteDatabases();
    const ids = createIdSource(systemClock, seededRandom(7));
    const options = { entities: registryEntities, migrations: registryMigrations };
    const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), options);
    const shared = { clock: systemClock, ids, log: silentLogger };
    const local = artifactsLocalPlugin.parseConfig({ fsync: false });
    const artifacts = artifactsLocalPlugin.create(local, { ...shared, dataDirectory: directory.path });
    await artifacts.open(AbortSignal.timeout(10_000));
    keys = await loadSigningKeys({ file: join(directory.path, 'key.pem'), createIfAbsent: true });
    const limits = { ...DEFAULT_LIMITS, approvalsRequired: 1, packageBytesMax: 1_000_000 };
    module = createRegistryService({
      ...shared,
      unitOfWork,
      artifacts,
      gates: new Map(),
      signingKeys: keys,
      limits,
      webhooks: testWebhooks(),
    });
    for (const component of module.components) await component.start(AbortSignal.timeout(10_000));
    closers.push(
      () => databases.stop(),
      () => database.close(),
      () => artifacts.close(),
      ...module.components.map((component) => () => component.stop()),
    );
    const connect = (principal: string) => {
      const metrics = { started: () => undefined, finished: () => undefined };
      const resolveCaller = () => Promise.resolve(callerOf(principal));
      const invokers = module.services.map((service) => createInvoker(service, { ...shared, metrics, resolveCaller }));
      return createClient(registryService, inProcessTransport({ invokers, clock: systemClock, token: () => 'any' }));
    };
    [alice, bob] = [connect('alice'), connect('bob')];
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    directory.remove();
  });

  const upload = (content: Uint8Array, path = 'model.onnx') => {
    const { bytes, sha256 } = fileOf(path, content);
    const header = { model: 'flights', files: [{ path, bytes: String(bytes), sha256 }], graph: path };
    return alice.createModelVersion(
      streamOf([
        { header },
        { chunk: Buffer.from(content.subarray(0, 50)) },
        { chunk: Buffer.from(content.subarray(50)) },
        { file_end: true },
      ]),
    );
  };

  it('takes a package from upload to champion and hands it out again', async () => {
    expect(module.isReady()).toEqual({ ready: true });
    await alice.createRegisteredModel({ name: 'flights', tags: { team: 'ops' } });
    const graph = sampleGraph();
    const { version } = await upload(graph);
    expect(version).toMatchObject({ version: '1', principal: 'alice', inputs: [{ shape: ['-1', '2'] }] });
    await alice.recordEvaluation({
      model: 'flights',
      version: '1',
      dataset: 'april',
      rows: '3',
      metrics: { auc: 0.7 },
    });
    const gates = [{ gate: 'metric', parameters: { metric: 'auc', dataset: 'april', at_least: '0.65' } }];
    await alice.setAliasPolicy({ ...champion, gates, approvals_required: 1 });
    await bob.approveModelVersion({ ...champion, version: '1' });
    const { alias } = await alice.moveAlias({ ...champion, version: '1', expected_revision: '0' });
    expect(alias).toMatchObject({ version: '1', revision: '1', digest: version?.digest });
    const chunks: Buffer[] = [];
    let envelope = '';
    for await (const part of bob.downloadModelVersion(champion)) {
      if (part.envelope_json !== undefined) envelope = part.envelope_json;
      if (part.chunk) chunks.push(part.chunk);
    }
    expect(Buffer.concat(chunks).equals(graph)).toBe(true);
    const verified = verifyEnvelope(decodeEnvelope(Buffer.from(envelope)), [keys.trustedKey]);
    expect(verified.digest).toBe(version?.digest);
  });

  it('tells refusals of the rules of the contract and of its own alike', async () => {
    await alice.createRegisteredModel({ name: 'flights' });
    const refusals: [() => Promise<unknown>, string][] = [
      [() => alice.createRegisteredModel({ name: '../x' }), 'invalid-argument'],
      [() => alice.createRegisteredModel({ name: 'flights' }), 'already-exists'],
      [() => alice.getRegisteredModel({ name: 'trains' }), 'not-found'],
      [() => alice.getModelVersion({ model: 'flights' }), 'invalid-argument'],
      [() => alice.listRegisteredModels({ page_size: 1001 }), 'invalid-argument'],
      [() => alice.listRegisteredModels({ page_token: 'x' }), 'invalid-argument'],
      [() => upload(Buffer.from('no graph')), 'invalid-argument'],
      [() => upload(sampleGraph(), '../model.onnx'), 'invalid-argument'],
      [() => upload(Buffer.alloc(1_000_001)), 'exhausted'],
      [() => alice.listAliases({ all_workspaces: true }), 'denied'],
    ];
    for (const [refused, kind] of refusals) {
      const error: unknown = await refused().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(DomainError);
      expect((error as DomainError).kind).toBe(kind);
    }
    const { version } = await upload(sampleGraph());
    expect(version?.version).toBe('1');
  });

  it('is not ready any more once it is stopped', async () => {
    for (const component of module.components) await component.stop();
    expect(module.isReady()).toEqual({ ready: false, reason: 'the registry is not started' });
  });
});
