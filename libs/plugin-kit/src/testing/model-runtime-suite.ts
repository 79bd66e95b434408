import { describe, expect, it, onTestFinished } from 'vitest';
import { DomainError } from '@slipway/kernel';
import type { LoadedModel, ModelRuntime } from '../model-runtime.ts';
import type { Tensor } from '../tensor.ts';
import { RUNTIME_SUITE_MODELS } from './model-runtime-models.ts';

const never = new AbortController().signal;

/** Three models in one format, each a whole file. */
export interface RuntimeSuiteModels {
  /** One of the runtime's `formats`. */
  readonly format: string;
  /** Inputs `left` and `right`, outputs `sum` and `product`, elementwise; all FP32 [-1, 2], declared in this order. */
  readonly arithmetic: Uint8Array;
  /** Input `in_<T>` unchanged to output `out_<T>`, [-1], for each of the 13 datatypes. */
  readonly everyDatatype: Uint8Array;
  /** `value` = [10, 20, 30][`index`], INT64 [-1] to FP32 [-1]; an index outside is an error of the values. */
  readonly lookup: Uint8Array;
}

const ONNX_MODELS: RuntimeSuiteModels = {
  format: 'onnx',
  arithmetic: Buffer.from(RUNTIME_SUITE_MODELS.arithmetic, 'base64'),
  everyDatatype: Buffer.from(RUNTIME_SUITE_MODELS.everyDatatype, 'base64'),
  lookup: Buffer.from(RUNTIME_SUITE_MODELS.lookup, 'base64'),
};

const floats = (name: string, rows: number, from: number): Tensor => ({
  name,
  datatype: 'FP32',
  shape: [rows, 2],
  data: Float32Array.from({ length: rows * 2 }, (_, index) => from + index),
});

/** The extremes of each datatype. */
const EXTREMES: readonly Tensor[] = [
  { name: 'in_BOOL', datatype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  { name: 'in_UINT8', datatype: 'UINT8', shape: [2], data: Uint8Array.of(0, 255) },
  { name: 'in_UINT16', datatype: 'UINT16', shape: [2], data: Uint16Array.of(0, 65_535) },
  { name: 'in_UINT32', datatype: 'UINT32', shape: [2], data: Uint32Array.of(0, 4_294_967_295) },
  { name: 'in_UINT64', datatype: 'UINT64', shape: [2], data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
  { name: 'in_INT8', datatype: 'INT8', shape: [2], data: Int8Array.of(-128, 127) },
  { name: 'in_INT16', datatype: 'INT16', shape: [2], data: Int16Array.of(-32_768, 32_767) },
  { name: 'in_INT32', datatype: 'INT32', shape: [2], data: Int32Array.of(-2_147_483_648, 2_147_483_647) },
  { name: 'in_INT64', datatype: 'INT64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  { name: 'in_FP16', datatype: 'FP16', shape: [2], data: Uint16Array.of(0x3c00, 0xfbff) }, // 1 and -65504
  { name: 'in_FP32', datatype: 'FP32', shape: [2], data: Float32Array.of(Number.NaN, -3.402_823_466e38) },
  { name: 'in_FP64', datatype: 'FP64', shape: [2], data: Float64Array.of(-Infinity, Number.MAX_VALUE) },
  { name: 'in_BYTES', datatype: 'BYTES', shape: [2], data: ['', 'Zürich ✈'] },
];

async function failureOf(action: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DomainError);
  return error as DomainError;
}

/**
 * The contract of the port `model-runtime`.
 * @param make a runtime that is not open yet.
 * @param models of a format that it takes; `onnx` when not given.
 */
export function modelRuntimeSuite(name: string, make: () => ModelRuntime, models = ONNX_MODELS): void {
  describe(`model runtime contract: ${name}`, () => {
    const { format } = models;
    const opened = async (): Promise<ModelRuntime> => {
      const runtime = make();
      await runtime.open(never);
      onTestFinished(() => runtime.close());
      return runtime;
    };
    const loaded = async (model: 'arithmetic' | 'everyDatatype' | 'lookup'): Promise<LoadedModel> =>
      (await opened()).load(models[model], format, never);

    it('takes its format and reads the signature', async () => {
      const runtime = await opened();
      expect(runtime.formats).toContain(format);
      const model = await runtime.load(models.arithmetic, format, never);
      expect(model.signature).toEqual({
        inputs: [
          { name: 'left', datatype: 'FP32', shape: [-1, 2] },
          { name: 'right', datatype: 'FP32', shape: [-1, 2] },
        ],
        outputs: [
          { name: 'sum', datatype: 'FP32', shape: [-1, 2] },
          { name: 'product', datatype: 'FP32', shape: [-1, 2] },
        ],
      });
    });

    it('computes the outputs asked for, in the order asked for', async () => {
      const model = await loaded('arithmetic');
      const inputs = [floats('right', 2, 10), floats('left', 2, 0)];
      const [product, sum] = await model.run(inputs, ['product', 'sum'], never);
      expect(product).toEqual({
        name: 'product',
        datatype: 'FP32',
        shape: [2, 2],
        data: Float32Array.of(0, 11, 24, 39),
      });
      expect(sum).toEqual({ name: 'sum', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(10, 12, 14, 16) });
      expect(await model.run(inputs, ['sum'], never)).toHaveLength(1);
    });

    it('carries every datatype in and out without loss', async () => {
      const model = await loaded('everyDatatype');
      const names = EXTREMES.map((tensor) => tensor.name.replace('in_', 'out_'));
      const outputs = await model.run(EXTREMES, names, never);
      expect(outputs).toEqual(EXTREMES.map((tensor, index) => ({ ...tensor, name: names[index] })));
    });

    it('runs a batch of no rows', async () => {
      const model = await loaded('arithmetic');
      const [sum] = await model.run([floats('left', 0, 0), floats('right', 0, 0)], ['sum'], never);
      expect(sum).toEqual({ name: 'sum', datatype: 'FP32', shape: [0, 2], data: new Float32Array(0) });
    });

    it('neither changes nor keeps the inputs', async () => {
      const model = await loaded('arithmetic');
      const left = floats('left', 1, 1);
      const right = floats('right', 1, 1);
      const [first] = await model.run([left, right], ['sum'], never);
      expect(left.data).toEqual(Float32Array.of(1, 2));
      (left.data as Float32Array).fill(100);
      const [second] = await model.run([left, right], ['sum'], never);
      expect(first?.data).toEqual(Float32Array.of(2, 4));
      expect(second?.data).toEqual(Float32Array.of(101, 102));
    });

    it('keeps calls that overlap apart', async () => {
      const model = await loaded('arithmetic');
      const calls = Array.from({ length: 50 }, (_, index) =>
        model.run([floats('left', 1, index), floats('right', 1, 0)], ['sum'], never),
      );
      const results = await Promise.all(calls);
      expect(results.map(([sum]) => sum?.data)).toEqual(
        Array.from({ length: 50 }, (_, index) => Float32Array.of(index, index + 2)),
      );
    });

    it('blames values that the graph refuses, and goes on', async () => {
      const model = await loaded('lookup');
      const at = (index: bigint): readonly Tensor[] => [
        { name: 'index', datatype: 'INT64', shape: [1], data: BigInt64Array.of(index) },
      ];
      const failure = await failureOf(model.run(at(3n), ['value'], never));
      expect(failure.kind).toBe('invalid-argument');
      expect(failure.message).not.toMatch(/[/\\][\w.-]+[/\\]/); // no path of anybody's machine
      const [value] = await model.run(at(2n), ['value'], never);
      expect(value?.data).toEqual(Float32Array.of(30));
    });

    it('refuses bytes that are no model', async () => {
      const runtime = await opened();
      const garbage = Uint8Array.from({ length: 100 }, (_, index) => (index * 37) & 0xff);
      for (const bytes of [garbage, new Uint8Array(0), models.arithmetic.subarray(0, 40)]) {
        const failure = await failureOf(runtime.load(bytes, format, never));
        expect(failure.kind).toBe('failed-precondition');
        expect(failure.facts['cause']).toMatch(/./);
      }
    });

    it('refuses a format it does not take', async () => {
      const runtime = await opened();
      expect((await failureOf(runtime.load(models.lookup, 'pickle', never))).kind).toBe('unsupported');
    });

    it('lets running calls finish when a model closes, and refuses later ones', async () => {
      const model = await loaded('arithmetic');
      const running = [1, 2, 3].map((from) =>
        model.run([floats('left', 1, from), floats('right', 1, 0)], ['sum'], never),
      );
      await Promise.all([model.close(), model.close()]);
      const results = await Promise.all(running);
      expect(results.map(([sum]) => sum?.data[0])).toEqual([1, 2, 3]);
      const failure = await failureOf(model.run([floats('left', 1, 0), floats('right', 1, 0)], ['sum'], never));
      expect(failure.kind).toBe('unavailable');
      await model.close();
    });

    it('refuses to run or load for a caller that has left', async () => {
      const runtime = await opened();
      const model = await runtime.load(models.arithmetic, format, never);
      const left = AbortSignal.abort(new Error('the caller left'));
      const inputs = [floats('left', 1, 0), floats('right', 1, 0)];
      await expect(model.run(inputs, ['sum'], left)).rejects.toThrow('the caller left');
      await expect(runtime.load(models.lookup, format, left)).rejects.toThrow('the caller left');
      expect(await model.run(inputs, ['sum'], never)).toHaveLength(1);
    });

    it('closes its models with it, and loads no more', async () => {
      const runtime = await opened();
      const model = await runtime.load(models.arithmetic, format, never);
      await runtime.close();
      await runtime.close();
      const inputs = [floats('left', 1, 0), floats('right', 1, 0)];
      expect((await failureOf(model.run(inputs, ['sum'], never))).kind).toBe('unavailable');
      expect((await failureOf(runtime.load(models.lookup, format, never))).kind).toBe('unavailable');
    });
  });
}
