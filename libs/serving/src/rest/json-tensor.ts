import { FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import type { Datatype, Tensor } from '@slipway/plugin-kit';

type JsonDatatype = Exclude<Datatype, 'FP16'>;

/** Thrown when a whole number came without all its digits: read the text again, exactly. */
export const NEEDS_DIGITS = Symbol('needs digits');

/** Where data stands in its request, for the words of an error. */
export interface DataPlace {
  readonly model: string;
  readonly input: string;
  /** e.g. `inputs[0].data`. */
  readonly field: string;
  /** Whether whole numbers come as bigint where a double does not hold them. */
  readonly hasDigits: boolean;
}

const refuse = ({ field, input, model }: DataPlace, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, `${description} for input '${input}' of model '${model}'`, {
    reason: 'INFERENCE_INPUT_INVALID',
  });

/** Elements in row-major order from a flat list, or from lists nested as the shape says. @throws {InvalidArgumentError} on any other form. */
function flatten(data: unknown, shape: readonly number[], elements: number, place: DataPlace): readonly unknown[] {
  if (!Array.isArray(data)) throw refuse(place, 'data must be a list');
  const isNested = shape.length > 1 && data.some(Array.isArray);
  const flat: readonly unknown[] = isNested ? nested(data, shape, 0, [], place) : data;
  if (flat.length !== elements) {
    throw refuse(place, `unexpected number of elements ${flat.length}, expecting ${elements}`);
  }
  return flat;
}

function nested(
  list: readonly unknown[],
  shape: readonly number[],
  level: number,
  into: unknown[],
  place: DataPlace,
): unknown[] {
  const wanted = shape[level];
  if (list.length !== wanted) {
    throw refuse(
      place,
      `a list at level ${level + 1} has ${list.length} entries and the shape says ${wanted ?? 'none'}`,
    );
  }
  if (level === shape.length - 1) {
    for (const element of list) into.push(element);
    return into;
  }
  for (const inner of list) {
    if (!Array.isArray(inner))
      throw refuse(place, `data is neither flat nor nested as the shape [${shape.join(',')}] says`);
    nested(inner, shape, level + 1, into, place);
  }
  return into;
}

const WHOLE_ARRAYS = {
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
} as const;
const RANGES: { readonly [Type in keyof typeof WHOLE_ARRAYS]: readonly [number, number] } = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffff_ffff],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x8000_0000, 0x7fff_ffff],
};
const RANGES_64 = { INT64: [-(2n ** 63n), 2n ** 63n - 1n], UINT64: [0n, 2n ** 64n - 1n] } as const;

/** JSON has no word for these; they go as proto3 JSON writes them. */
const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/**
 * Storage of the elements of one input.
 * @param elements product of `shape`. @throws {InvalidArgumentError} naming the first element that the datatype does not hold.
 * @throws NEEDS_DIGITS when one may have lost digits.
 */
export function readJsonData(
  datatype: JsonDatatype,
  data: unknown,
  shape: readonly number[],
  elements: number,
  place: DataPlace,
): Tensor['data'] {
  const flat = flatten(data, shape, elements, place);
  const wrong = (at: number): InvalidArgumentError => refuse(place, `element ${at} is no ${datatype}`);
  switch (datatype) {
    case 'BOOL':
      return Uint8Array.from(flat, (element, at) => {
        if (typeof element !== 'boolean') throw wrong(at);
        return element ? 1 : 0;
      });
    case 'BYTES':
      for (const [at, element] of flat.entries()) {
        if (typeof element !== 'string' || !element.isWellFormed()) throw wrong(at);
      }
      return flat as readonly string[];
    case 'FP32':
    case 'FP64':
      return readFloats(datatype, flat, wrong);
    case 'INT64':
    case 'UINT64':
      return readLongs(datatype, flat, place.hasDigits, wrong);
    default: {
      const [min, max] = RANGES[datatype];
      const values = new WHOLE_ARRAYS[datatype](flat.length);
      for (const [at, element] of flat.entries()) {
        if (typeof element !== 'number' || !Number.isInteger(element) || element < min || element > max)
          throw wrong(at);
        values[at] = element;
      }
      return values;
    }
  }
}

function readFloats(datatype: 'FP32' | 'FP64', flat: readonly unknown[], wrong: (at: number) => Error) {
  const values = datatype === 'FP32' ? new Float32Array(flat.length) : new Float64Array(flat.length);
  for (const [at, element] of flat.entries()) {
    const special = typeof element === 'string' ? SPECIAL.get(element) : undefined;
    if (special !== undefined) {
      values[at] = special;
      continue;
    }
    if (typeof element !== 'number' && typeof element !== 'bigint') throw wrong(at);
    values[at] = Number(element);
    if (!Number.isFinite(values[at])) throw wrong(at); // 1e999, or beyond FP32
  }
  return values;
}

function readLongs(
  datatype: 'INT64' | 'UINT64',
  flat: readonly unknown[],
  hasDigits: boolean,
  wrong: (at: number) => Error,
) {
  const values = datatype === 'INT64' ? new BigInt64Array(flat.length) : new BigUint64Array(flat.length);
  const [min, max] = RANGES_64[datatype];
  for (const [at, element] of flat.entries()) {
    if (!hasDigits && Number.isInteger(element) && !Number.isSafeInteger(element)) throw NEEDS_DIGITS;
    const isWhole = typeof element === 'bigint' || Number.isSafeInteger(element); // 1e18 has no digits to be sure of
    const value = isWhole ? BigInt(element as bigint | number) : undefined;
    if (value === undefined || value < min || value > max) throw wrong(at);
    values[at] = value;
  }
  return values;
}

/** JSON text of the elements, flat. @throws {FailedPreconditionError} for FP16, which JSON does not carry. */
export function writeJsonData(tensor: Tensor): string {
  switch (tensor.datatype) {
    case 'FP16':
      throw new FailedPreconditionError(
        `output '${tensor.name}' is FP16, which JSON does not carry; ask for binary_data`,
        {
          reason: 'INFERENCE_OUTPUT_BINARY_ONLY',
        },
      );
    case 'BYTES':
      return JSON.stringify(tensor.data);
    case 'BOOL':
      return `[${Array.from(tensor.data, (value) => value !== 0).join(',')}]`;
    case 'FP32':
    case 'FP64':
      return `[${tensor.data.every(isPlain) ? tensor.data.join(',') : Array.from(tensor.data, floatText).join(',')}]`;
    default:
      return `[${tensor.data.join(',')}]`;
  }
}

/** Whether the usual text of a number says all of it. */
const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? `${value}` : `"${value}"`;
}
