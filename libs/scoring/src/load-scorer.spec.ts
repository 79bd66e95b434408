import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DomainError, UnavailableError } from '@slipway/kernel';
import {
  buildModel,
  encodeEnvelope,
  generateKeyPair,
  inspectGraph,
  readSigningKey,
  signManifest,
  trustedKeyOf,
  type PackageManifest,
} from '@slipway/model-package';
import type { LoadedModel, ModelRuntime, Tensor } from '@slipway/plugin-kit';
import { loadScorer, type ScorerSource } from './load-scorer.ts';

const never = new AbortController().signal;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const MODEL = buildModel({
  producer: 'test',
  opsets: [{ domain: '', version: 17 }],
  graph: {
    name: 'g',
    inputs: [
      { name: 'a', datatype: 'FP32', shape: [-1, 2] },
      { name: 'b', datatype: 'FP32', shape: [-1, 2] },
      { name: 'text', datatype: 'BYTES', shape: [1] },
    ],
    outputs: [
      { name: 'sum', datatype: 'FP32', shape: [-1, 2] },
      { name: 'echo', datatype: 'BYTES', shape: [1] },
    ],
    nodes: [
      { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
      { op: 'Identity', inputs: ['text'], outputs: ['echo'] },
    ],
  },
});
const NOTES = Buffer.from('what this model is for');
const signingKey = readSigningKey(generateKeyPair().privateKeyPem);

const manifest: PackageManifest = {
  formatVersion: 1,
  workspace: 'default',
  model: 'm',
  version: 3,
  files: [
    { path: 'model.onnx', bytes: MODEL.length, sha256: sha256(MODEL) },
    { path: 'docs/notes.txt', bytes: NOTES.length, sha256: sha256(NOTES) },
  ],
  graph: 'model.onnx',
  signature: inspectGraph(MODEL).signature,
  features: [],
  preprocessing: {},
  postprocessing: {},
  trainingSetId: '',
  runId: '',
  createdAt: '2001-04-01T00:00:00.000000Z',
};

/** The same graph with a stored tensor whose values are in another file: a reference takes the place of as many bytes of raw values. */
const WEIGHTS = Buffer.alloc(24, 0x5a);
const external = ((): Uint8Array => {
  const values = new Float32Array(WEIGHTS.buffer.slice(WEIGHTS.byteOffset, WEIGHTS.byteOffset + WEIGHTS.length));
  const nodes = [
    { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { op: 'Identity', inputs: ['text'], outputs: ['echo'] },
  ];
  const initializers = [{ name: 'w', datatype: 'FP32', shape: [6], data: values }] as const;
  const graph = { name: 'g', ...manifest.signature, nodes, initializers };
  const bytes = Buffer.from(buildModel({ producer: 'test', opsets: [{ domain: '', version: 17 }], graph }));
  const raw = Buffer.concat([Buffer.of(0x4a, 24), WEIGHTS]); // TensorProto.raw_data
  const location = [Buffer.of(0x0a, 8), Buffer.from('location'), Buffer.of(0x12, 10), Buffer.from('weight.bin')];
  const reference = Buffer.concat([Buffer.of(0x6a, 22), ...location, Buffer.of(0x70, 1)]); // external_data, data_location
  bytes.set(reference, bytes.indexOf(raw));
  return bytes;
})();
const filesOf = (contents: Record<string, Uint8Array>): PackageManifest['files'] =>
  Object.entries(contents).map(([path, content]) => ({ path, bytes: content.length, sha256: sha256(content) }));
const EXTERNAL = { 'model.onnx': external, 'weight.bin': WEIGHTS };

/** A runtime that adds, and remembers what it was handed. */
class AddingRuntime implements ModelRuntime {
  readonly formats = ['onnx'];
  readonly loads: Uint8Array[] = [];
  closes = 0;
  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async load(model: Uint8Array): Promise<LoadedModel> {
    this.loads.push(model);
    return {
      signature: manifest.signature,
      run: async (inputs, outputs) => {
        const of = (name: string): Tensor | undefined => inputs.find((input) => input.name === name);
        const [left, right] = [of('a')?.data as Float32Array, of('b')?.data as Float32Array];
        const sum = left.map((value, index) => value + (right[index] ?? 0));
        const all: Record<string, Tensor> = {
          sum: { name: 'sum', datatype: 'FP32', shape: of('a')?.shape ?? [], data: sum },
          echo: { ...of('text'), name: 'echo' } as Tensor,
        };
        return outputs.map((name) => all[name] as Tensor);
      },
      close: async () => void (this.closes += 1),
    };
  }
}

const source = (
  changes: Partial<Omit<ScorerSource, 'runtime'>> & {
    signed?: PackageManifest;
    files?: Record<string, Uint8Array>;
  } = {},
) => {
  const files: Record<string, Uint8Array> = { 'model.onnx': MODEL, 'docs/notes.txt': NOTES, ...changes.files };
  return {
    envelope: encodeEnvelope(signManifest(changes.signed ?? manifest, signingKey)),
    readFile: async (path: string) => files[path] ?? new Uint8Array(0),
    trustedKeys: [trustedKeyOf(signingKey)],
    runtime: new AddingRuntime(),
    expected: { workspace: 'default', model: 'm', version: 3 },
    signal: never,
    ...changes,
  } satisfies ScorerSource;
};

async function failureOf(action: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await action.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DomainError);
  return error as DomainError;
}

describe('loadScorer', () => {
  it('loads what is signed, whole and asked for', async () => {
    const from = source();
    const scorer = await loadScorer(from);
    expect(scorer.manifest).toEqual(manifest);
    expect(scorer.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(scorer.keyIds).toEqual([signingKey.keyId]);
    expect(from.runtime.loads).toEqual([MODEL]);
  });

  it.each<[string, ReturnType<typeof source>, string]>([
    ['another workspace', source({ expected: { workspace: 'other', model: 'm', version: 3 } }), 'PACKAGE_IDENTITY_MISMATCH'],
    ['another model', source({ expected: { workspace: 'default', model: 'n', version: 3 } }), 'PACKAGE_IDENTITY_MISMATCH'],
    ['another version', source({ expected: { workspace: 'default', model: 'm', version: 2 } }), 'PACKAGE_IDENTITY_MISMATCH'],
    ['no trusted key', source({ trustedKeys: [] }), 'UNTRUSTED_SIGNER'],
    ['a stranger\'s key', source({ trustedKeys: [trustedKeyOf(readSigningKey(generateKeyPair().privateKeyPem))] }), 'UNTRUSTED_SIGNER'],
    ['another graph of the same length', source({ files: { 'model.onnx': MODEL.map((byte, index) => (index === 9 ? byte ^ 1 : byte)) } }), 'FILE_DIGEST_MISMATCH'],
    ['a changed side file', source({ files: { 'docs/notes.txt': Buffer.from('what this model is foR') } }), 'FILE_DIGEST_MISMATCH'],
    ['a missing side file', source({ files: { 'docs/notes.txt': new Uint8Array(0) } }), 'FILE_DIGEST_MISMATCH'],
    ['a manifest that declares other outputs', source({ signed: { ...manifest, signature: { inputs: manifest.signature.inputs, outputs: manifest.signature.outputs.slice(0, 1) } } }), 'SIGNATURE_MISMATCH'],
    ['a graph above the limits', source({ limits: { nodesMax: 1 } }), 'MODEL_GRAPH_INVALID'],
    ['a graph with tensors in another file', source({ signed: { ...manifest, files: filesOf(EXTERNAL) }, files: EXTERNAL }), 'MODEL_EXTERNAL_DATA'],
    ['bytes that are no envelope', source({ envelope: Buffer.from('{}') }), 'ENVELOPE_INVALID'],
  ])('refuses %s, before the runtime sees anything', async (_, from, reason) => {
    expect(await failureOf(loadScorer(from))).toMatchObject({ reason });
    expect(from.runtime.loads).toEqual([]);
  }); // prettier-ignore
});

const input = (name: string, rows: number): Tensor => ({
  name,
  datatype: 'FP32',
  shape: [rows, 2],
  data: Float32Array.from({ length: rows * 2 }, (_, index) => index),
});
const text: Tensor = { name: 'text', datatype: 'BYTES', shape: [1], data: ['hello'] };

describe('Scorer', () => {
  it('scores inputs in any order, all outputs or the ones wanted', async () => {
    const scorer = await loadScorer(source());
    const all = await scorer.score([text, input('b', 2), input('a', 2)], undefined, never);
    expect(all.map(({ name }) => name)).toEqual(['sum', 'echo']);
    expect(all[0]?.data).toEqual(Float32Array.of(0, 2, 4, 6));
    const some = await scorer.score([text, input('b', 0), input('a', 0)], ['echo', 'sum'], never);
    expect(some.map(({ name, shape }) => [name, shape])).toEqual([['echo', [1]], ['sum', [0, 2]]]); // prettier-ignore
  });

  // the descriptions are Triton's, see src/infer_request.cc of triton-inference-server/core
  it.each<[string, readonly unknown[], string, string]>([
    ['a missing input', [input('a', 1), text], 'inputs', "expected 3 inputs but got 2 inputs for model 'm'. Got input(s) ['a','text'], but missing required input(s) ['b']. Please provide all required input(s)."],
    ['an unknown input', [input('a', 1), input('b', 1), text, input('c', 1)], 'inputs[3].name', "unexpected inference input 'c' for model 'm'"],
    ['an input of the prototype', [input('a', 1), input('b', 1), text, input('__proto__', 1)], 'inputs[3].name', "unexpected inference input '__proto__' for model 'm'"],
    ['a repeated input', [input('a', 1), input('b', 1), text, input('a', 1)], 'inputs[3].name', "input 'a' already exists in request"],
    ['another datatype', [input('a', 1), { ...input('b', 1), datatype: 'INT32', data: new Int32Array(2) }, text], 'inputs[1].datatype', "inference input 'b' data-type is 'INT32', but model 'm' expects 'FP32'"],
    ['another width', [{ ...input('a', 1), shape: [1, 3], data: new Float32Array(3) }, input('b', 1), text], 'inputs[0].shape', "unexpected shape for input 'a' for model 'm'. Expected [-1,2], got [1,3]."],
    ['another rank', [{ ...input('a', 1), shape: [2] }, input('b', 1), text], 'inputs[0].shape', "unexpected shape for input 'a' for model 'm'. Expected [-1,2], got [2]."],
    ['a negative size', [{ ...input('a', 1), shape: [-1, 2] }, input('b', 1), text], 'inputs[0].shape', "input 'a' for model 'm' has a shape with a dimension that is not a whole number of 0 or more"],
    ['a broken size', [{ ...input('a', 1), shape: [0.5, 2] }, input('b', 1), text], 'inputs[0].shape', "input 'a' for model 'm' has a shape with a dimension that is not a whole number of 0 or more"],
    ['too many elements', [{ ...input('a', 1), shape: [2 ** 52, 2 ** 12] }, input('b', 1), text], 'inputs[0].shape', "shape of input 'a' for model 'm' causes total element count to exceed maximum size of 9223372036854775807"],
    ['too few bytes', [{ ...input('a', 1), shape: [2, 2] }, input('b', 1), text], 'inputs[0].data', "input byte size mismatch for input 'a' for model 'm'. Expected 16, got 8"],
    ['too many texts', [input('a', 1), input('b', 1), { ...text, data: ['x', 'y'] }], 'inputs[2].data', "unexpected number of string elements 2 for inference input 'text', expecting 1"],
    ['two batch sizes, the second of one row', [input('a', 2), input('b', 1), text], 'inputs[1].shape', "dimension 'batch' is 1 for input 'b' and 2 for input 'a'"],
    ['two batch sizes', [input('a', 1), input('b', 2), text], 'inputs[1].shape', "dimension 'batch' is 2 for input 'b' and 1 for input 'a'"],
  ])('refuses %s', async (_, inputs, field, description) => {
    const scorer = await loadScorer(source());
    const failure = await failureOf(scorer.score(inputs as readonly Tensor[], undefined, never));
    expect(failure).toMatchObject({ kind: 'invalid-argument', reason: 'INFERENCE_INPUT_INVALID' });
    expect(failure.violations).toContainEqual({ field, description });
  }); // prettier-ignore

  it('refuses outputs that are unknown or asked for twice', async () => {
    const scorer = await loadScorer(source());
    const inputs = [input('a', 1), input('b', 1), text];
    const unknown = await failureOf(scorer.score(inputs, ['sum', 'x'], never));
    expect(unknown.message).toBe("outputs[1].name: unexpected inference output 'x' for model 'm'");
    const twice = await failureOf(scorer.score(inputs, ['sum', 'sum'], never));
    expect(twice.message).toBe("outputs[1].name: output 'sum' is requested twice");
  });

  it('refuses calls once it is closed', async () => {
    const from = source();
    const scorer = await loadScorer(from);
    await scorer.close();
    await expect(scorer.score([input('a', 1), input('b', 1), text], undefined, never)).rejects.toThrow(
      UnavailableError,
    );
    expect(from.runtime.closes).toBe(1);
  });
});
