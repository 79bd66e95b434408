import type { Datatype, Tensor, TensorDataByType } from '@slipway/plugin-kit';

type FixedDatatype = Exclude<Datatype, 'BYTES'>;
type TypedArrayOf<Type extends FixedDatatype> = new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
) => TensorDataByType[Type];

/** Typed arrays are little-endian on every platform Node runs on, as the protocol wants it. */
const ARRAYS: { readonly [Type in FixedDatatype]: TypedArrayOf<Type> & { readonly BYTES_PER_ELEMENT: number } } = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

export const elementBytes = (datatype: FixedDatatype): number => ARRAYS[datatype].BYTES_PER_ELEMENT;

/** A view of the bytes where they lie aligned, else of one copy. `bytes` holds a whole number of elements. */
export function fixedElements(datatype: FixedDatatype, bytes: Uint8Array): TensorDataByType[FixedDatatype] {
  const array = ARRAYS[datatype];
  const width = array.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / width);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One text of UTF-8; undefined when the bytes are not that: nothing is replaced silently. */
export function readText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined; // the caller names the element
  }
}

const LENGTH_BYTES = 4;

/**
 * Splits the raw form of BYTES: each element is its length in 4 bytes, then that many bytes. Stops at `elementsMax` + 1 elements.
 * @returns undefined when a length runs past the end.
 */
export function splitBytesElements(bytes: Uint8Array, elementsMax: number): readonly Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length && elements.length <= elementsMax;) {
    if (offset + LENGTH_BYTES > bytes.length) return undefined;
    const length = view.getUint32(offset, true);
    offset += LENGTH_BYTES;
    if (length > bytes.length - offset) return undefined;
    elements.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return elements;
}

/** The raw form of a tensor: a view of its data where the datatype has a fixed size. */
export function rawElements(tensor: Tensor): Buffer {
  if (tensor.datatype !== 'BYTES') {
    const { data } = tensor;
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }
  const texts = tensor.data.map((text) => Buffer.from(text, 'utf8'));
  const raw = Buffer.allocUnsafe(texts.reduce((bytes, text) => bytes + LENGTH_BYTES + text.length, 0));
  let offset = 0;
  for (const text of texts) {
    offset = raw.writeUInt32LE(text.length, offset);
    offset += text.copy(raw, offset);
  }
  return raw;
}
