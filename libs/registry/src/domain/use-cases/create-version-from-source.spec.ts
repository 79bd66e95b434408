import { verifyEnvelope, trustedKeyOf } from '@slipway/model-package';
import { beforeEach, describe, expect, it } from 'vitest';
import { inMemoryHarness } from '../../testing/in-memory-harness.ts';
import { InMemorySourceFiles } from '../../testing/in-memory-source-files.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { callBy, newModel, newVersion, registryFixture, type RegistryFixture } from '../../testing/registry-fixture.ts';
import type { RegistryStoreHarness } from '../../testing/registry-store-harness.ts';
import { sampleGraph, sha256Of } from '../../testing/sample-package.ts';
import { createVersionFromSource, type CreateVersionFromSource } from './create-version-from-source.ts';
import { downloadModelVersion } from './download-model-version.ts';

const alice = callBy('alice');
const MODEL = 'Prévision (été)';
const ONNX = 'flavors:\n  onnx:\n    data: model.onnx\n';

describe('versions from sources', () => {
  let harness: RegistryStoreHarness;
  let sources: InMemorySourceFiles;
  let deps: RegistryFixture;
  beforeEach(async () => {
    const clock = new ManualClock();
    harness = await inMemoryHarness(clock);
    sources = new InMemorySourceFiles();
    deps = registryFixture(harness.unitOfWork, clock, { sources, limits: { packageBytesMax: 100_000 } });
    await newModel(deps, alice, MODEL);
  });

  const create = async (source: string, more: Partial<CreateVersionFromSource> = {}, by = alice) => {
    const words = { runId: '', runLink: '', loggedModelId: '', userId: '', description: '', tags: {}, requestId: '' };
    const request = { model: MODEL, source, ...words, ...more };
    return (await createVersionFromSource(by, request, deps, AbortSignal.timeout(30_000))).version;
  };
  const download = async (version: bigint, model = MODEL) => {
    const parts = [];
    const signal = AbortSignal.timeout(30_000);
    for await (const part of downloadModelVersion(alice, { model, selector: { version } }, deps, signal))
      parts.push(part);
    return parts;
  };
  const putModel = (owner: string, prefix = '') => {
    sources.put('default', owner, `${prefix}MLmodel`, ONNX);
    sources.put('default', owner, `${prefix}model.onnx`, sampleGraph());
    sources.put('default', owner, `${prefix}.données/a b (1).txt`, 'text');
  };

  it('signs the files of a run as a package whose graph can be served', async () => {
    putModel('0a1b', 'model/');
    const origin = { runId: '0a1b', runLink: 'https://x', loggedModelId: 'm-1', userId: 'ann', tags: { team: 'ops' } };
    const version = await create('runs:/0a1b/model', origin);
    expect(version).toMatchObject({ ...origin, version: 1n, source: 'runs:/0a1b/model', stage: 'none' });
    expect(version.graph).toBe('model.onnx');
    expect(version.signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]);
    expect(version.files.map(({ path }) => path)).toEqual(['=2Edonn=C3=A9es/a b =281=29.txt', 'MLmodel', 'model.onnx']);
    const [envelope, ...parts] = await download(1n);
    if (envelope?.kind !== 'envelope') throw new Error('the envelope comes first');
    const verified = verifyEnvelope(JSON.parse(envelope.json), [trustedKeyOf(deps.signingKey)]);
    expect(verified.digest).toBe(version.digest);
    expect(verified.manifest).toMatchObject({ model: MODEL, version: 1, runId: '0a1b', graph: 'model.onnx' });
    expect(parts.filter(({ kind }) => kind === 'file')).toHaveLength(3);
  });

  it.each(['mlflow-artifacts:/1/models/m-12ab/artifacts', 'models:/m-12ab'])('fetches %s', async (source) => {
    putModel(source.startsWith('models') ? 'm-12ab' : '1/models/m-12ab/artifacts');
    sources.knowsDigests = false;
    const { files, graph } = await create(source);
    expect(graph).toBe('model.onnx');
    expect(files.find(({ path }) => path === 'model.onnx')?.sha256).toBe(sha256Of(sampleGraph()));
  });

  it('makes a package without a graph of any other flavour', async () => {
    sources.put('default', '0a', 'MLmodel', 'flavors:\n  sklearn:\n    pickled_model: model.pkl\n');
    sources.put('default', '0a', 'model.pkl', 'not looked at');
    const { digest, graph, signature, files } = await create('runs:/0a');
    expect({ graph, signature, files: files.length }).toEqual({
      graph: '',
      signature: { inputs: [], outputs: [] },
      files: 2,
    });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await download(1n)).toHaveLength(5);
  });

  it('says on the version why its ONNX graph cannot be served', async () => {
    sources.put('default', '0a', 'MLmodel', ONNX);
    sources.put('default', '0a', 'model.onnx', 'no graph');
    const { graph, tags } = await create('runs:/0a');
    expect(graph).toBe('');
    expect(tags['slipway.graph.refused']).toEqual(expect.stringMatching(/.+/));
  });

  it('only writes foreign sources down; there is nothing to download', async () => {
    const version = await create('s3://bucket/model');
    expect(version).toMatchObject({ source: 's3://bucket/model', digest: '', graph: '', files: [], signingKeyId: '' });
    await expect(download(1n)).rejects.toMatchObject({ reason: 'MODEL_WITHOUT_PACKAGE' });
    await expect(create(`models:/${MODEL}/1`)).rejects.toMatchObject({ reason: 'MODEL_WITHOUT_PACKAGE' });
    expect(sources.reads).toBe(0);
    expect((await harness.facts()).at(-1)).toMatchObject({ data: { model: MODEL, version: '1' } });
  });

  it('copies a version of another model, without reading a file', async () => {
    await newModel(deps, alice, 'flights');
    const { version: original } = await newVersion(deps, alice, 'flights', { runId: 'r', features: ['a:b'] });
    const copy = await create('models:/flights/1');
    expect(copy).toMatchObject({ model: MODEL, files: original.files, graph: original.graph, runId: 'r' });
    expect(copy.digest).not.toBe(original.digest); // a package names its model
    expect(await download(1n)).toHaveLength(3);
    await expect(create('models:/flights@champion')).rejects.toMatchObject({ reason: 'MODEL_ALIAS_NOT_FOUND' });
    await expect(create('models:/flights/2')).rejects.toMatchObject({ reason: 'MODEL_VERSION_NOT_FOUND' });
  });

  it('refuses what is too large, too many or not there, and leaves no number out', async () => {
    sources.put('default', 'large', 'a', Buffer.alloc(60_000));
    sources.put('default', 'large', 'b', Buffer.alloc(60_000));
    await expect(create('runs:/large')).rejects.toMatchObject({
      reason: 'PACKAGE_TOO_LARGE',
      message: expect.stringMatching('registry.package-bytes-max') as string,
    });
    for (let file = 0; file < 65; file++) sources.put('default', 'many', `${file}`, 'x');
    await expect(create('runs:/many')).rejects.toMatchObject({ reason: 'PACKAGE_TOO_LARGE' });
    await expect(create('runs:/none')).rejects.toMatchObject({ reason: 'SOURCE_EMPTY' });
    await expect(create('file:///etc')).rejects.toMatchObject({ reason: 'SOURCE_INVALID' });
    await expect(create('s3://b/m', { model: 'absent' })).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
    expect(sources.reads).toBe(0);
    expect((await create('s3://b/m')).version).toBe(1n);
  });

  it('looks in the workspace of the caller only, and asks for the permission to read runs', async () => {
    putModel('0a');
    const eve = callBy('eve', 'elsewhere');
    await newModel(deps, eve, MODEL);
    await expect(create('runs:/0a', {}, eve)).rejects.toMatchObject({ reason: 'SOURCE_EMPTY' });
    const permissions = new Set(['registry.*']);
    const mallory = { ...alice, caller: { ...alice.caller, permissions } };
    await expect(create('runs:/0a', {}, mallory)).rejects.toMatchObject({ kind: 'denied' });
    deps = { ...deps, sources: undefined };
    await expect(create('runs:/0a')).rejects.toMatchObject({ reason: 'TRACKING_NOT_CONFIGURED' });
  });

  it('answers a repeat with the first answer, without fetching again', async () => {
    putModel('0a');
    const first = await create('runs:/0a', { requestId: 'one' });
    const { reads } = sources;
    expect(await create('runs:/0a', { requestId: 'one' })).toEqual(first);
    expect(sources.reads).toBe(reads);
    await expect(create('runs:/0b', { requestId: 'one' })).rejects.toMatchObject({ reason: 'REQUEST_ID_REUSED' });
  });

  it('gives its place back, whatever comes of it', async () => {
    for (let round = 0; round < 20; round++) await expect(create('runs:/none')).rejects.toThrow();
    putModel('0a');
    expect((await create('runs:/0a')).version).toBe(1n);
  });
});
