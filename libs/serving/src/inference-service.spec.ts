import type { ModelInferRequest } from '@slipway/contracts/inference';
import { DomainError } from '@slipway/kernel';
import { buildModel } from '@slipway/model-package';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedPackage } from './testing/constant-model.ts';
import { readLatencies } from './testing/read-latencies.ts';
import { ServingHarness, TRUSTED_KEY } from './testing/serving-harness.ts';

const directory = temporaryDirectory();
let harness: ServingHarness;
beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path });
  harness.publish('m', 1);
  harness.publish('m', 2);
  await harness.moveAndSettle('m', 2);
  await harness.moveAndSettle('m', 1, 'old');
  await harness.moveAndSettle('gone', 1); // never published: it fails
  harness.publish('deleted', 1);
  await harness.moveAndSettle('deleted', 1);
  await harness.moveAndSettle('deleted', 0);
  const types = buildModel({
    producer: 'test',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'types',
      inputs: [
        { name: 'n', datatype: 'INT64', shape: [-1] },
        { name: 's', datatype: 'BYTES', shape: [-1] },
        { name: 'b', datatype: 'BOOL', shape: [-1] },
      ],
      outputs: [
        { name: 'n2', datatype: 'INT64', shape: [-1] },
        { name: 's2', datatype: 'BYTES', shape: [-1] },
        { name: 'b2', datatype: 'BOOL', shape: [-1] },
      ],
      nodes: [
        { op: 'Identity', inputs: ['n'], outputs: ['n2'] },
        { op: 'Identity', inputs: ['s'], outputs: ['s2'] },
        { op: 'Not', inputs: ['b'], outputs: ['b2'] },
      ],
    },
  });
  const identity = { workspace: 'default', model: 'types', version: 7 };
  harness.registry.publish('types', 7, signedPackage(identity, types, TRUSTED_KEY));
  await harness.moveAndSettle('types', 7);
});
afterAll(async () => {
  await harness.stop();
  directory.remove();
});

const request = (changes: ModelInferRequest = {}): ModelInferRequest => ({
  model_name: 'm',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
  raw_input_contents: [Buffer.alloc(4)],
  ...changes,
});

describe('ModelInfer', () => {
  it('answers raw, echoes the id, names the version and tells the microseconds of each stage', async () => {
    const trailers = new Map<string, string>();
    const answer = await harness.client.modelInfer(request({ id: 'r-1' }), {
      onTrailers: (all) => all.forEach((value, name) => trailers.set(name, value)),
    });
    expect(answer).toMatchObject({ model_name: 'm', model_version: '2', id: 'r-1', parameters: {} });
    expect(answer.outputs).toMatchObject([{ name: 'y', datatype: 'FP32', shape: ['1'], contents: null }]);
    expect(answer.raw_output_contents[0]).toEqual(Buffer.from(Float32Array.of(2).buffer));
    const stages = readLatencies(trailers.get('slipway-latency-ms'));
    expect(stages['inference']).toBeGreaterThan(0);
    expect(stages).toMatchObject({ 'feature-fetch': 0, 'batch-wait': 0 });
  });

  it('answers by alias and by number, and for a typed request', async () => {
    expect((await harness.infer('m@old', [0])).version).toBe('1');
    expect((await harness.infer('m@old', [0], '1')).version).toBe('1');
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [2], contents: { fp32_contents: [1, 2] } }];
    const answer = await harness.client.modelInfer({ model_name: 'm', inputs });
    expect(answer.raw_output_contents[0]).toEqual(Buffer.from(Float32Array.of(3, 4).buffer));
  });

  it('takes zero rows', async () => {
    expect(await harness.infer('m', [])).toEqual({ version: '2', y: [] });
  });

  it('keeps 64 bits, texts and truth values exact, in the order of the outputs asked for', async () => {
    const answer = await harness.client.modelInfer({
      model_name: 'types',
      inputs: [
        { name: 'b', datatype: 'BOOL', shape: [2], contents: { bool_contents: [true, false] } },
        { name: 's', datatype: 'BYTES', shape: [2], contents: { bytes_contents: [Buffer.from('é'), Buffer.of()] } },
        { name: 'n', datatype: 'INT64', shape: [2], contents: { int64_contents: ['9007199254740993', '-1'] } },
      ],
      outputs: [{ name: 's2' }, { name: 'n2' }, { name: 'b2' }],
    });
    expect(answer.outputs.map(({ name }) => name)).toEqual(['s2', 'n2', 'b2']);
    const [texts, numbers, truths] = answer.raw_output_contents;
    expect(texts).toEqual(Buffer.from([2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0]));
    expect(numbers?.readBigInt64LE()).toBe(9007199254740993n);
    expect(truths).toEqual(Buffer.from([0, 1]));
  });

  const x = { name: 'x', datatype: 'FP32', shape: [1] };
  it.each<[string, ModelInferRequest, string, string]>([
    ['an unknown model', request({ model_name: 'nope' }), 'not-found', "Request for unknown model: 'nope' is not found"],
    ['an unknown alias', request({ model_name: 'm@nope' }), 'not-found', "Request for unknown model: 'm@nope' is not found"],
    ['a deleted alias', request({ model_name: 'deleted' }), 'not-found', "Request for unknown model: 'deleted' is not found"],
    ['a name with a path', request({ model_name: '../m' }), 'not-found', "Request for unknown model: '../m' is not found"],
    ['a model that is not loaded', request({ model_name: 'gone' }), 'unavailable', "Model 'gone' version 1 is not at ready state: MODEL_VERSION_NOT_FOUND"],
    ['a version that is no number', request({ model_version: 'latest' }), 'invalid-argument', "failed to get model version from specified version string 'latest'"],
    ['a version that is not loaded', request({ model_version: '9' }), 'not-found', "'m' version 9 is not found; loaded is 2"],
    ['a missing input', request({ inputs: [], raw_input_contents: [] }), 'invalid-argument', "expected 1 inputs but got 0 inputs for model 'm'"],
    ['an unknown input', request({ inputs: [{ ...x, name: 'z' }] }), 'invalid-argument', "unexpected inference input 'z' for model 'm'"],
    ['another datatype', request({ inputs: [{ ...x, datatype: 'INT32' }] }), 'invalid-argument', "inference input 'x' data-type is 'INT32', but model 'm' expects 'FP32'"],
    ['another rank', request({ inputs: [{ ...x, shape: [1, 1] }] }), 'invalid-argument', "unexpected shape for input 'x' for model 'm'. Expected [-1], got [1,1]."],
    ['a wrong size', request({ raw_input_contents: [Buffer.alloc(3)] }), 'invalid-argument', "input byte size mismatch for input 'x' for model 'm'. Expected 4, got 3"],
    ['an unknown output', request({ outputs: [{ name: 'z' }] }), 'invalid-argument', "unexpected inference output 'z' for model 'm'"],
    ['an output twice', request({ outputs: [{ name: 'y' }, { name: 'y' }] }), 'invalid-argument', "output 'y' is requested twice"],
    ['a sequence', request({ parameters: { sequence_id: { int64_param: 1 } } }), 'unsupported', "parameter 'sequence_id' is not supported"],
    ['too many elements', request({ inputs: [{ ...x, shape: [10_001] }], raw_input_contents: [Buffer.alloc(40_004)] }), 'exhausted', 'a request holds at most 10000 elements'],
  ])('refuses %s, and the next call is fine', async (_, refused, kind, text) => {
    const failure: unknown = await harness.client.modelInfer(refused).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DomainError);
    expect(failure).toMatchObject({ kind });
    expect((failure as Error).message).toContain(text);
    expect((await harness.infer('m', [0])).version).toBe('2');
  }); // prettier-ignore

  it('counts what it answered and what it refused, under names that callers cannot make up', async () => {
    const { counts } = harness.metrics;
    const success = 'nv_inference_request_success{"model":"m","version":"2","workspace":"default"}';
    const before = counts.get(success) ?? 0;
    await harness.infer('m', [0]);
    expect(counts.get(success)).toBe(before + 1);
    await harness.infer('made-up', [0]).catch(() => undefined);
    expect([...counts.keys()].filter((name) => name.includes('made-up'))).toEqual([]);
    expect(counts.get('nv_inference_request_failure{"model":"","reason":"OTHER","workspace":""}')).toBeGreaterThan(0);
  });

  it('does not compute what was cancelled or is too late', async () => {
    const key = 'nv_inference_request_failure{"model":"m","reason":"CANCELED","workspace":"default"}';
    const before = harness.metrics.counts.get(key) ?? 0;
    const abort = new AbortController();
    // nine calls at once: eight are with the runtime, the ninth waits for its turn and has left by then
    const calls = Array.from({ length: 8 }, () => harness.infer('m', [0]));
    const ninth = harness.client.modelInfer(request(), { signal: abort.signal });
    setImmediate(() => abort.abort());
    await expect(ninth).rejects.toThrow();
    expect((await Promise.all(calls)).every(({ version }) => version === '2')).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(harness.metrics.counts.get(key)).toBe(before + 1);
  });
});

describe('health and metadata', () => {
  it('lives, is ready, and names itself', async () => {
    expect(await harness.client.serverLive({})).toEqual({ live: true });
    expect(await harness.client.serverReady({})).toEqual({ ready: true });
    expect(await harness.client.serverMetadata({})).toEqual({
      name: 'slipway',
      version: '0.1.0',
      extensions: ['binary_tensor_data'],
    });
  });

  it.each([
    ['m', '', true],
    ['m', '2', true],
    ['m', '1', false],
    ['m@old', '', true],
    ['gone', '', false],
  ])('says whether %s %s is ready: %s', async (name, version, ready) => {
    expect(await harness.client.modelReady({ name, version })).toEqual({ ready });
  });

  it('knows no readiness of what nobody ever named, nor of a version that is no number', async () => {
    const unknown = "Request for unknown model: 'nope' is not found";
    await expect(harness.client.modelReady({ name: 'nope' })).rejects.toThrow(unknown);
    await expect(harness.client.modelReady({ name: 'm', version: 'x' })).rejects.toThrow("version string 'x'");
  });

  it('describes a model', async () => {
    expect(await harness.client.modelMetadata({ name: 'types' })).toEqual({
      name: 'types',
      versions: ['7'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'n', datatype: 'INT64', shape: ['-1'] },
        { name: 's', datatype: 'BYTES', shape: ['-1'] },
        { name: 'b', datatype: 'BOOL', shape: ['-1'] },
      ],
      outputs: [
        { name: 'n2', datatype: 'INT64', shape: ['-1'] },
        { name: 's2', datatype: 'BYTES', shape: ['-1'] },
        { name: 'b2', datatype: 'BOOL', shape: ['-1'] },
      ],
      properties: {},
    });
    await expect(harness.client.modelMetadata({ name: 'gone' })).rejects.toThrow('is not at ready state');
    await expect(harness.client.modelMetadata({ name: 'm', version: '9' })).rejects.toThrow('loaded is 2');
  });
});
