import type { InferTensorContents__Output } from '@slipway/contracts/inference';
import type { Datatype, TensorDataByType } from '@slipway/plugin-kit';
import { readText } from './raw-elements.ts';

type Contents = InferTensorContents__Output;
type ContentsField = keyof Contents;

/** The one field that carries a datatype; 16-bit floats have none. */
const FIELD: { readonly [Type in Datatype]: ContentsField | undefined } = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP16: undefined,
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};
const FIELDS = [...new Set(Object.values(FIELD))].filter((field): field is ContentsField => field !== undefined);

const RANGE: Partial<Record<Datatype, readonly [number, number]>> = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
};

export const contentsField = (datatype: Datatype): ContentsField | undefined => FIELD[datatype];

/** Fields that are filled although the datatype is not theirs. */
export const strayFields = (datatype: Datatype, contents: Contents): readonly ContentsField[] =>
  FIELDS.filter((field) => field !== FIELD[datatype] && contents[field].length > 0);

/** How many elements the field of the datatype holds. */
export function typedCount(datatype: Datatype, contents: Contents): number {
  const field = FIELD[datatype];
  return field ? contents[field].length : 0;
}

/** Index of the first element that the datatype cannot hold, else -1. */
export function firstOutOfRange(datatype: Datatype, contents: Contents): number {
  const range = RANGE[datatype];
  if (!range) return -1;
  const values = datatype.startsWith('U') ? contents.uint_contents : contents.int_contents;
  return values.findIndex((value) => value < range[0] || value > range[1]);
}

/** Storage of the typed values, exact also for 64 bits. Undefined when a text is not UTF-8. */
export function typedElements(
  datatype: Exclude<Datatype, 'FP16'>,
  contents: Contents,
): TensorDataByType[Datatype] | undefined {
  switch (datatype) {
    case 'BOOL':
      return Uint8Array.from(contents.bool_contents, Number);
    case 'UINT8':
      return Uint8Array.from(contents.uint_contents);
    case 'UINT16':
      return Uint16Array.from(contents.uint_contents);
    case 'UINT32':
      return Uint32Array.from(contents.uint_contents);
    case 'UINT64':
      return BigUint64Array.from(contents.uint64_contents, BigInt);
    case 'INT8':
      return Int8Array.from(contents.int_contents);
    case 'INT16':
      return Int16Array.from(contents.int_contents);
    case 'INT32':
      return Int32Array.from(contents.int_contents);
    case 'INT64':
      return BigInt64Array.from(contents.int64_contents, BigInt);
    case 'FP32':
      return Float32Array.from(contents.fp32_contents);
    case 'FP64':
      return Float64Array.from(contents.fp64_contents);
    case 'BYTES': {
      const texts = contents.bytes_contents.map(readText);
      return texts.every((text) => text !== undefined) ? texts : undefined;
    }
  }
}
