import type { ColumnData, Datatype, Tensor, TensorSpec } from '@slipway/plugin-kit';

type WholeDatatype = 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64';
type FloatDatatype = 'FP32' | 'FP64';

/** What each whole type holds. */
const WHOLE: { readonly [Type in WholeDatatype]: { readonly min: bigint; readonly max: bigint } } = {
  INT8: { min: -0x80n, max: 0x7fn },
  INT16: { min: -0x8000n, max: 0x7fffn },
  INT32: { min: -0x8000_0000n, max: 0x7fff_ffffn },
  INT64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  UINT8: { min: 0n, max: 0xffn },
  UINT16: { min: 0n, max: 0xffffn },
  UINT32: { min: 0n, max: 0xffff_ffffn },
  UINT64: { min: 0n, max: 2n ** 64n - 1n },
};
const NARROW = { INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array } as const; // prettier-ignore

const isWhole = (datatype: Datatype): datatype is WholeDatatype => Object.hasOwn(WHOLE, datatype);

/** A row whose value an input does not take; what the tensor holds there means nothing. */
export interface RowFault {
  readonly row: number;
  readonly kind: 'missing' | 'invalid';
  /** E.g. `70000 is out of the range of INT16`; empty for a missing value. */
  readonly description: string;
}

export interface FilledInput {
  readonly tensor: Tensor;
  /** Missing values first, then invalid ones, each in the order of the rows; only the first `faultsMax`. */
  readonly faults: readonly RowFault[];
}

/**
 * The tensor of one input from the values of a column: shape [n] or [n, 1], as the signature has it. Everything that scores rows feeds models
 * through this. Nothing is rounded but a double to the float32 that the model takes; a missing value is NaN where the input has one.
 * @param present 1 for each row with a value; may know better than the column itself. The tensor may share the column's memory.
 * @returns undefined when an input of this datatype takes no column of this type.
 */
export function fillInput(
  { name, datatype, shape: declared }: TensorSpec,
  data: ColumnData,
  present: Uint8Array,
  faultsMax = 1,
): FilledInput | undefined {
  const rows = present.length;
  const shape = declared.length === 1 ? [rows] : [rows, 1];
  const faults: RowFault[] = [];
  if (datatype === 'FP32' || datatype === 'FP64') {
    if (data.type === 'string') return undefined;
    return { tensor: { name, datatype, shape, data: floats(datatype, data, present, faults, faultsMax) } as Tensor, faults }; // prettier-ignore
  }
  const values = exactValues(datatype, data, present, faults, faultsMax);
  return values && { tensor: { name, datatype, shape, data: values } as Tensor, faults };
}

type NumericColumn = Exclude<ColumnData, { readonly type: 'string' }>;

function floats(
  datatype: FloatDatatype,
  data: NumericColumn,
  present: Uint8Array,
  faults: RowFault[],
  faultsMax: number,
): Float32Array | Float64Array {
  const rows = present.length;
  if (data.type === 'number' && datatype === 'FP64' && !present.includes(0)) return data.values;
  const filled = datatype === 'FP32' ? new Float32Array(rows) : new Float64Array(rows);
  const { values } = data;
  for (let row = 0; row < rows; row += 1) {
    if (present[row] !== 1) {
      filled[row] = Number.NaN;
      continue;
    }
    const value = values[row] ?? 0;
    const asNumber = Number(value);
    filled[row] = asNumber;
    const isKept =
      typeof value === 'bigint' ? isSameWhole(filled[row] ?? 0, value) : isStillFinite(asNumber, filled[row]);
    if (!isKept && faults.length < faultsMax) {
      faults.push({ row, kind: 'invalid', description: `${value} cannot be told exactly as ${datatype}` });
    }
  }
  return filled;
}

const isSameWhole = (stored: number, value: bigint): boolean => BigInt(stored) === value;

/** A finite double may be infinite as float32. */
const isStillFinite = (value: number, stored: number | undefined): boolean =>
  !Number.isFinite(value) || Number.isFinite(stored);

/** For inputs without a missing value. */
function exactValues(
  datatype: Datatype,
  data: ColumnData,
  present: Uint8Array,
  faults: RowFault[],
  faultsMax: number,
): Tensor['data'] | undefined {
  for (let row = present.indexOf(0); row >= 0 && faults.length < faultsMax; row = present.indexOf(0, row + 1)) {
    faults.push({ row, kind: 'missing', description: '' });
  }
  if (isWhole(datatype) && data.type !== 'string' && data.type !== 'number') {
    return wholes(datatype, data, present, faults, faultsMax);
  }
  if (datatype === 'BOOL' && data.type === 'boolean') return data.values;
  return datatype === 'BYTES' && data.type === 'string' ? data.values : undefined;
}

type WholeColumn = Exclude<ColumnData, { readonly type: 'string' | 'number' }>;

function wholes(
  datatype: WholeDatatype,
  { values }: WholeColumn,
  present: Uint8Array,
  faults: RowFault[],
  faultsMax: number,
) {
  const { min, max } = WHOLE[datatype];
  const exact = values instanceof BigInt64Array ? values : BigInt64Array.from(values, BigInt);
  for (let row = 0; row < exact.length && faults.length < faultsMax; row += 1) {
    const value = exact[row] ?? 0n;
    if (present[row] === 1 && (value < min || value > max)) {
      faults.push({ row, kind: 'invalid', description: `${value} is out of the range of ${datatype}` });
    }
  }
  if (datatype === 'INT64') return exact;
  return datatype === 'UINT64' ? BigUint64Array.from(exact) : NARROW[datatype].from(Array.from(exact, Number));
}
