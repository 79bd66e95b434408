import { beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '@slipway/kernel';
import { buildModel } from '@slipway/model-package';
import { inMemoryHarness } from '../../testing/in-memory-harness.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { callBy, newModel, newVersion, registryFixture, type RegistryFixture } from '../../testing/registry-fixture.ts';
import type { RegistryStoreHarness } from '../../testing/registry-store-harness.ts';
import { headerOf, partsOf, sampleGraph, streamOf, type Contents } from '../../testing/sample-package.ts';
import { createModelVersion } from '../use-cases/create-model-version.ts';
import type { UploadHeader } from './package-header.ts';
import type { UploadPart } from './upload-reader.ts';

const alice = callBy('alice');
const graph = sampleGraph();
const weights = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
const contents: Contents = { 'model.onnx': graph, 'data/weights.bin': weights };
const chunk = (bytes: Uint8Array): UploadPart => ({ kind: 'chunk', bytes });
const FILE_END: UploadPart = { kind: 'file-end' };

/** A graph whose only initializer lies in another file. */
function externalGraph(location: string): Uint8Array {
  const plain = Buffer.from(sampleGraph());
  // TensorProto: data_location (field 14) = EXTERNAL and external_data (field 13) instead of raw_data (field 9)
  const raw = Buffer.concat([Buffer.of(0x4a, 8), Buffer.from(Float32Array.of(1, -1).buffer)]);
  const at = plain.indexOf(raw);
  if (at < 0) throw new Error('the sample graph keeps its weights in raw_data');
  const entry = (key: string, value: string): Buffer => {
    const text = (field: number, body: string) =>
      Buffer.concat([Buffer.of((field << 3) | 2, body.length), Buffer.from(body)]);
    const pair = Buffer.concat([text(1, key), text(2, value)]);
    return Buffer.concat([Buffer.of((13 << 3) | 2, pair.length), pair]);
  };
  const external = Buffer.concat([entry('location', location), Buffer.of(14 << 3, 1)]);
  return grown(plain, at, raw.length, external);
}

/** Replaces bytes inside of the initializer and mends the two lengths around it. */
function grown(model: Buffer, at: number, removed: number, added: Buffer): Buffer {
  const delta = added.length - removed;
  const result = Buffer.concat([model.subarray(0, at), added, model.subarray(at + removed)]);
  const initializer = model.lastIndexOf(Buffer.of((5 << 3) | 2), at);
  const graphField = model.indexOf(Buffer.of((7 << 3) | 2));
  for (const length of [initializer + 1, graphField + 1]) result[length] = (result[length] ?? 0) + delta;
  return result;
}

interface Attack {
  readonly name: string;
  readonly parts: readonly UploadPart[];
  readonly reason: string;
  readonly field?: RegExp;
  readonly says?: RegExp;
}

const upload = (more: Partial<UploadHeader> = {}, sent: Contents = contents): UploadPart[] =>
  partsOf(headerOf('flights', contents, more), sent);
const packageOf = (sent: Contents, more: Partial<UploadHeader> = {}): UploadPart[] =>
  partsOf(headerOf('flights', sent, more), sent);
const header = headerOf('flights', contents);
const renamed = (from: string, to: string) => ({
  files: header.files.map((file) => (file.path === from ? { ...file, path: to } : file)),
});
const zip = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(200, 7)]);
const pickle = Buffer.concat([
  Buffer.of(0x80, 4, 0x95),
  Buffer.from('cos\nsystem\n(S"true"\ntR.'),
  Buffer.alloc(50, 46),
]);

const ATTACKS: readonly Attack[] = [
  { name: 'nothing at all', parts: [], reason: 'UPLOAD_INCOMPLETE', field: /header/ },
  { name: 'a chunk before the header', parts: [chunk(graph), ...upload()], reason: 'UPLOAD_ORDER', field: /header/ },
  { name: 'a message without a part first', parts: [{ kind: 'nothing' }, ...upload()], reason: 'UPLOAD_ORDER' },
  { name: 'a message without a part later', parts: upload().toSpliced(1, 0, { kind: 'nothing' }), reason: 'UPLOAD_ORDER' },
  { name: 'two headers', parts: upload().toSpliced(2, 0, { kind: 'header', header }), reason: 'UPLOAD_ORDER', field: /header/ },
  { name: 'an empty chunk', parts: upload().toSpliced(1, 0, chunk(new Uint8Array())), reason: 'UPLOAD_ORDER', field: /chunk/ },
  { name: 'file_end too early', parts: [{ kind: 'header', header }, chunk(graph.subarray(0, 10)), FILE_END], reason: 'UPLOAD_BYTES_MISMATCH', field: /files\[0\]\.bytes/, says: /'model\.onnx' ended after 10 of/ },
  { name: 'more bytes than declared', parts: upload({}, { ...contents, 'model.onnx': Buffer.concat([graph, Buffer.of(0)]) }), reason: 'UPLOAD_BYTES_MISMATCH', says: /more than/ },
  { name: 'fewer bytes in the second file', parts: upload({}, { ...contents, 'data/weights.bin': weights.subarray(1) }), reason: 'UPLOAD_BYTES_MISMATCH', field: /files\[1\]/, says: /weights\.bin/ },
  { name: 'another content of the same length', parts: upload({}, { ...contents, 'model.onnx': Buffer.from(graph).fill(0, 0, 1) }), reason: 'UPLOAD_DIGEST_MISMATCH', field: /files\[0\]\.sha256/ },
  { name: 'an end before the last file_end', parts: upload().slice(0, -1), reason: 'UPLOAD_INCOMPLETE', field: /file_end/ },
  { name: 'an end before the second file', parts: [{ kind: 'header', header }, chunk(graph), FILE_END], reason: 'UPLOAD_INCOMPLETE', says: /weights\.bin/ },
  { name: 'a file_end too many', parts: [...upload(), FILE_END], reason: 'UPLOAD_ORDER', says: /nothing may follow/ },
  { name: 'a file that the header does not know', parts: [...upload(), chunk(weights), FILE_END], reason: 'UPLOAD_ORDER' },
  { name: 'no files', parts: upload({ files: [] }), reason: 'PACKAGE_INVALID', field: /files/ },
  { name: '65 files', parts: upload({ files: Array.from({ length: 65 }, (_, index) => ({ path: `f${index}`, bytes: 0, sha256: '0'.repeat(64) })) }), reason: 'PACKAGE_INVALID', field: /files/ },
  { name: 'a path twice', parts: upload(renamed('data/weights.bin', 'model.onnx')), reason: 'PACKAGE_INVALID', field: /files\[1\]\.path/ },
  { name: 'a path that differs in case only', parts: upload(renamed('data/weights.bin', 'MODEL.onnx')), reason: 'PACKAGE_INVALID', field: /files\[1\]\.path/ },
  { name: '../ in a path', parts: upload(renamed('data/weights.bin', '../weights.bin')), reason: 'PACKAGE_INVALID', field: /files\[1\]\.path/ },
  { name: 'an absolute path', parts: upload(renamed('data/weights.bin', '/etc/passwd')), reason: 'PACKAGE_INVALID', field: /files\[1\]\.path/ },
  { name: 'a backslash in a path', parts: upload(renamed('data/weights.bin', 'a\\b')), reason: 'PACKAGE_INVALID', field: /files\[1\]\.path/ },
  { name: 'a digest that is none', parts: upload({ files: header.files.map((file) => ({ ...file, sha256: '../../x' })) }), reason: 'PACKAGE_INVALID', field: /sha256/ },
  { name: 'a graph that is no file of the package', parts: upload({ graph: 'other.onnx' }), reason: 'PACKAGE_INVALID', field: /^graph$/ },
  { name: 'preprocessing that is not JSON', parts: upload({ preprocessingJson: '{' }), reason: 'PACKAGE_INVALID', field: /^preprocessing_json$/ },
  { name: 'postprocessing that is not an object', parts: upload({ postprocessingJson: '[1]' }), reason: 'PACKAGE_INVALID', field: /^postprocessing_json$/ },
  { name: 'a prototype in the preprocessing', parts: upload({ preprocessingJson: '{"__proto__":{"a":1}}' }), reason: 'PACKAGE_INVALID', field: /^preprocessing_json$/ },
  { name: 'a feature without a name', parts: upload({ features: [''] }), reason: 'PACKAGE_INVALID', field: /features\[0\]/ },
  { name: 'more bytes than a package may have', parts: upload({ files: header.files.map((file) => ({ ...file, bytes: 2 ** 31 })) }), reason: 'PACKAGE_TOO_LARGE' },
  { name: 'a graph larger than graphs may be', parts: upload({ files: header.files.map((file) => ({ ...file, bytes: 513 * 1024 ** 2 })) }), reason: 'PACKAGE_TOO_LARGE', says: /graph 'model\.onnx'/ },
  { name: 'a model that does not exist', parts: upload({ model: 'trains' }), reason: 'MODEL_NOT_FOUND' },
  { name: 'an empty graph', parts: packageOf({ 'model.onnx': new Uint8Array() }), reason: 'MODEL_GRAPH_INVALID' },
  { name: 'half a graph', parts: packageOf({ 'model.onnx': graph.subarray(0, graph.length / 2) }), reason: 'MODEL_GRAPH_INVALID' },
  { name: 'a zip named .onnx', parts: packageOf({ 'model.onnx': zip }), reason: 'MODEL_GRAPH_INVALID' },
  { name: 'a pickle named .onnx', parts: packageOf({ 'model.onnx': pickle }), reason: 'MODEL_GRAPH_INVALID' },
  { name: 'custom operators', parts: packageOf({ 'model.onnx': buildModel({ producer: 'x', opsets: [{ domain: 'evil', version: 1 }], graph: { name: 'g', inputs: [], outputs: [{ name: 'y', datatype: 'FP32', shape: [1] }], nodes: [{ op: 'Run', domain: 'evil', inputs: [], outputs: ['y'] }] } }) }), reason: 'MODEL_GRAPH_INVALID' },
  { name: 'external data outside of the package', parts: packageOf({ 'model.onnx': externalGraph('../w'), w: weights }), reason: 'MODEL_GRAPH_INVALID', says: /\.\.\/w/ },
  { name: 'external data at an absolute path', parts: packageOf({ 'model.onnx': externalGraph('/etc/p'), w: weights }), reason: 'MODEL_GRAPH_INVALID', says: /\/etc\/p/ },
  { name: 'external data that was not sent', parts: packageOf({ 'model.onnx': externalGraph('v'), w: weights }), reason: 'MODEL_GRAPH_INVALID', says: /'v' is not a file/ },
  { name: 'external data in the graph itself', parts: packageOf({ 'model.onnx': externalGraph('model.onnx') }), reason: 'MODEL_GRAPH_INVALID' },
]; // prettier-ignore

describe('attacks on uploads', () => {
  const clock = new ManualClock();
  let harness: RegistryStoreHarness;
  let deps: RegistryFixture;
  beforeEach(async () => {
    harness = await inMemoryHarness(clock);
    deps = registryFixture(harness.unitOfWork, clock);
    await newModel(deps, alice, 'flights');
  });
  const send = (parts: Iterable<UploadPart>) =>
    createModelVersion(alice, streamOf(parts), deps, AbortSignal.timeout(10_000));

  it.each(ATTACKS)('refuses $name and leaves nothing visible', async ({ parts, reason, field, says }) => {
    const facts = await harness.facts();
    const error: unknown = await send(parts).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof DomainError)) throw new Error('not refused as it should be', { cause: error });
    expect(error.reason, error.message).toBe(reason);
    if (field) expect(error.violations.map((violation) => violation.field).join(' ')).toMatch(field);
    if (says) expect(error.message).toMatch(says);
    await harness.unitOfWork.read(alice.caller, async (reads) => {
      expect((await reads.versions.list('flights', false, { pageSize: 10, pageToken: '' })).items).toEqual([]);
      expect((await reads.models.get('flights'))?.lastVersion).toBe(0n);
    });
    expect(await harness.facts()).toEqual(facts);
    // the place is free again and the next number is the first one
    expect((await newVersion(deps, alice, 'flights')).version.version).toBe(1n);
  });

  it('takes the same package when it is sent rightly, external data too', async () => {
    const sent = { 'model.onnx': externalGraph('w'), w: weights };
    const { version } = await send(packageOf(sent));
    expect(version.version).toBe(1n);
    expect(version.signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]);
    expect((await send(upload())).version.files.map(({ path }) => path)).toEqual(['model.onnx', 'data/weights.bin']);
  });

  it('gives up on a sender that falls silent', async () => {
    async function* silent(): AsyncGenerator<UploadPart> {
      yield { kind: 'header', header };
      await new Promise<never>(() => undefined);
    }
    // a generator that waits cannot be ended from outside, and must not be waited for
    const uploading = createModelVersion(alice, silent(), deps, AbortSignal.timeout(10_000));
    const outcome = expect(uploading).rejects.toMatchObject({ kind: 'conflict', reason: 'UPLOAD_EXPIRED' });
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(deps.limits.uploadIdleMs / 10);
    }
    await outcome;
  });

  it('lets no more uploads in than it has places', async () => {
    const crowded = registryFixture(harness.unitOfWork, clock, { limits: { uploadsMax: 1 } });
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    async function* slow(): AsyncGenerator<UploadPart> {
      await gate;
      yield* upload();
    }
    const first = createModelVersion(alice, slow(), crowded, AbortSignal.timeout(10_000));
    await expect(newVersion(crowded, alice, 'flights')).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'UPLOADS_BUSY',
    });
    open();
    expect((await first).version.version).toBe(1n);
    expect((await newVersion(crowded, alice, 'flights')).version.version).toBe(2n);
  });

  it('refuses to complete an upload whose files may have been swept', async () => {
    async function* slow(): AsyncGenerator<UploadPart> {
      for (const part of upload()) {
        clock.advance(deps.limits.unusedBlobMs / 8);
        yield await Promise.resolve(part);
      }
    }
    const patient = registryFixture(harness.unitOfWork, clock, { limits: { uploadIdleMs: 1e12 } });
    await expect(createModelVersion(alice, slow(), patient, AbortSignal.timeout(10_000))).rejects.toMatchObject({
      reason: 'UPLOAD_EXPIRED',
    });
  });
});
