import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { afterEach, describe, expect, it } from 'vitest';
import { artifactsS3Plugin } from './index.ts';
import { startFakeS3, type FakeS3Faults } from './testing/fake-s3.ts';

const signal = new AbortController().signal;
const PATH = artifactPath('default', 'x.bin');
const KEY = `objects/${PATH}`;
const MEBI = 1024 * 1024;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serve(faults: FakeS3Faults, settings: Record<string, unknown> = {}) {
  const server = await startFakeS3(faults);
  const config = artifactsS3Plugin.parseConfig({
    endpoint: server.endpoint,
    bucket: 'fake',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    forcePathStyle: true,
    ...settings,
  });
  const store: ArtifactStore = artifactsS3Plugin.create(config, {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(1)),
    log: silentLogger,
    dataDirectory: '',
  });
  stops.push(
    () => server.stop(),
    () => store.close(),
  );
  return { server, store };
}

async function* content(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += MEBI) yield bytes.subarray(offset, offset + MEBI);
}

async function readAll(store: ArtifactStore): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(PATH, undefined, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const numbered = (bytes: number): Buffer => Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index % 251));

describe('S3 artifact store against a server with faults', () => {
  it.each([
    ['always', 'PutObject'],
    ['on-complete', 'CompleteMultipartUpload'],
  ] as const)('refuses to open where If-None-Match is ignored %s', async (ignoresConditions, operation) => {
    const { server, store } = await serve({ ignoresConditions });
    await expect(store.open(signal)).rejects.toMatchObject({
      reason: 'S3_CONDITIONAL_WRITES_UNSUPPORTED',
      facts: { operation },
    });
    expect([...server.objects.keys()]).toEqual([]);
    await expect(store.stat(PATH, signal)).rejects.toMatchObject({ kind: 'failed-precondition' });
  });

  it('opens where it is honoured, and leaves no probe', async () => {
    const { server, store } = await serve({});
    await store.open(signal);
    expect([...server.objects.keys()]).toEqual([]);
  });

  it('knows its own write again when the answer to a create is lost', async () => {
    const { server, store } = await serve({
      losesAnswer: (method, key, attempt) => method === 'PUT' && key === KEY && attempt === 1,
    });
    await store.open(signal);
    const info = await store.write(PATH, content(Buffer.from('mine')), { ifAbsent: true }, signal);
    expect(await store.stat(PATH, signal)).toEqual(info);
    expect(server.requests.filter((line) => line.startsWith(`PUT ${KEY}`)).length).toBe(2); // the second was refused by the first
    const again = store.write(PATH, content(Buffer.from('other')), { ifAbsent: true }, signal);
    await expect(again).rejects.toMatchObject({ kind: 'already-exists' });
  });

  it('knows its own write again when the answer to a completed upload is lost', async () => {
    const bytes = numbered(9 * MEBI);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { store } = await serve({
      losesAnswer: (method, key, attempt) => method === 'POST' && key === KEY && attempt === 1,
    });
    await store.open(signal);
    for (const options of [{ sha256, ifAbsent: true }, { sha256 }]) {
      expect((await store.write(PATH, content(bytes), options, signal)).sha256).toBe(sha256);
    }
    expect(Buffer.compare(await readAll(store), bytes)).toBe(0);
  });

  it('takes a read up again where the connection broke', async () => {
    const bytes = numbered(300_000);
    const { server, store } = await serve({
      cutsAfter: (key, attempt) => (key === KEY && attempt <= 2 ? 100_000 : undefined),
    });
    await store.open(signal);
    await store.write(PATH, content(bytes), {}, signal);
    expect(Buffer.compare(await readAll(store), bytes)).toBe(0);
    expect(server.requests.filter((line) => line.startsWith(`GET ${KEY}`)).length).toBe(3);
  });

  it('gives up, rather than mix two contents, when the object was replaced before a read is taken up again', async () => {
    const { store } = await serve({
      cutsAfter: (key, attempt) => (key === KEY && attempt === 1 ? 100_000 : undefined),
    });
    await store.open(signal);
    await store.write(PATH, content(numbered(300_000)), {}, signal);
    const read = await store.read(PATH, undefined, signal);
    await store.write(PATH, content(Buffer.alloc(300_000, 7)), {}, signal);
    const drain = async (): Promise<void> => {
      for await (const chunk of read) expect(Buffer.from(chunk).includes(Buffer.alloc(20, 7))).toBe(false);
    };
    await expect(drain()).rejects.toMatchObject({ kind: 'unavailable', reason: 'ARTIFACT_REPLACED' });
  });

  it('gives up a read that breaks without a byte in between', async () => {
    const { store } = await serve({ cutsAfter: (key) => (key === KEY ? 0 : undefined) });
    await store.open(signal);
    await store.write(PATH, content(numbered(10)), {}, signal);
    await expect(readAll(store)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('does not wait for ever for a server that does not answer', async () => {
    let silent = false;
    const { store } = await serve(
      { hangs: (_, key) => silent && key === KEY },
      { requestTimeoutMs: 150, attemptsMax: 1 },
    );
    await store.open(signal);
    silent = true;
    await expect(store.stat(PATH, signal)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(store.write(PATH, content(Buffer.from('x')), {}, signal)).rejects.toMatchObject({
      kind: 'unavailable',
    });
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(store.stat(PATH, abort.signal)).rejects.toThrow('enough');
  });

  it('says that objects of other programs carry no digest', async () => {
    const { server, store } = await serve({});
    await store.open(signal);
    server.objects.set(KEY, { body: Buffer.from('x'), metadata: {}, etag: '"e"' });
    await expect(store.stat(PATH, signal)).rejects.toMatchObject({ kind: 'data-loss' });
  });

  it('is unavailable where nobody listens', async () => {
    const { server, store } = await serve({}, { attemptsMax: 1 });
    await server.stop();
    await expect(store.open(signal)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('S3 settings', () => {
  const good = { bucket: 'models', accessKeyId: 'key', secretAccessKey: 'very secret' };

  it('lists every problem by name', () => {
    expect(() =>
      artifactsS3Plugin.parseConfig({ bucket: 'X', endpoint: 'nowhere', prefix: '/a/', partBytes: 1, colour: 'red' }),
    ).toThrow(
      /(?=.*bucket)(?=.*endpoint)(?=.*prefix)(?=.*accessKeyId)(?=.*secretAccessKey)(?=.*partBytes)(?=.*colour)/s,
    );
  });

  it('fills in what is absent and never prints the secret', () => {
    const config = artifactsS3Plugin.parseConfig({
      ...good,
      prefix: 'team/a',
      forcePathStyle: 'true',
      staleUploadHours: '2',
    });
    expect(config).toMatchObject({
      prefix: 'team/a/',
      forcePathStyle: true,
      createBucket: false,
      staleUploadMs: 7_200_000,
    });
    expect(`${inspect(config)} ${JSON.stringify(config)}`).not.toContain('very secret');
  });
});
