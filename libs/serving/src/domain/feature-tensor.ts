import { FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import type { ColumnData, Datatype, Tensor } from '@slipway/plugin-kit';
import type { FeatureColumn } from './feature-source.ts';
import type { PlannedInput } from './prediction-plan.ts';

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

/**
 * Makes the tensor of one input from the values of its feature: shape [n] or [n, 1], as the signature has it. Nothing is rounded but a
 * double to the float32 that the model takes; a missing value is NaN where the input has one.
 * @throws {FailedPreconditionError} FEATURE_MISSING or FEATURE_INVALID, for what came from the store, naming feature and row.
 * @throws {InvalidArgumentError} the same for what the caller sent.
 */
export function featureTensor(planned: PlannedInput, column: FeatureColumn): Tensor {
  const { name, datatype, shape: declared } = planned.input;
  const { data } = column;
  const rows = column.statuses.length;
  const place: Place = { planned, column };
  const shape = declared.length === 1 ? [rows] : [rows, 1];
  if (datatype === 'FP32' || datatype === 'FP64')
    return { name, datatype, shape, data: floats(place, datatype) } as Tensor;
  assertAllPresent(place);
  if (isWhole(datatype) && data.type !== 'string' && data.type !== 'number') {
    return { name, datatype, shape, data: wholes(place, datatype, data) } as Tensor;
  }
  if (datatype === 'BOOL' && data.type === 'boolean') return { name, datatype, shape, data: data.values };
  if (datatype === 'BYTES' && data.type === 'string') return { name, datatype, shape, data: data.values };
  throw wrongType(place);
}

interface Place {
  readonly planned: PlannedInput;
  readonly column: FeatureColumn;
}

function floats(place: Place, datatype: FloatDatatype): Float32Array | Float64Array {
  const { data, statuses } = place.column;
  const values = datatype === 'FP32' ? new Float32Array(statuses.length) : new Float64Array(statuses.length);
  if (data.type === 'string') throw wrongType(place);
  for (const [row, status] of statuses.entries()) {
    const value = status === 'PRESENT' ? data.values[row] : undefined;
    if (value === undefined) {
      values[row] = Number.NaN;
      continue;
    }
    const asNumber = Number(value);
    values[row] = asNumber;
    const isKept =
      typeof value === 'bigint' ? BigInt(values[row] ?? 0) === value : isStillFinite(asNumber, values[row]);
    if (!isKept) throw invalid(place, row, `${value} cannot be told exactly as ${datatype}`);
  }
  return values;
}

/** A finite double may be infinite as float32. */
const isStillFinite = (value: number, stored: number | undefined): boolean =>
  !Number.isFinite(value) || Number.isFinite(stored);

type WholeColumn = Exclude<ColumnData, { readonly type: 'string' | 'number' }>;

function wholes(place: Place, datatype: WholeDatatype, { values }: WholeColumn) {
  const { min, max } = WHOLE[datatype];
  const exact = values instanceof BigInt64Array ? values : BigInt64Array.from(Array.from(values, BigInt));
  const wrong = exact.findIndex((value) => value < min || value > max);
  if (wrong >= 0) throw invalid(place, wrong, `${exact[wrong]} is out of the range of ${datatype}`);
  if (datatype === 'INT64') return exact;
  return datatype === 'UINT64' ? BigUint64Array.from(exact) : NARROW[datatype].from(Array.from(exact, Number));
}

function assertAllPresent(place: Place): void {
  const { statuses, name } = place.column;
  const row = statuses.findIndex((status) => status !== 'PRESENT');
  if (row < 0) return;
  const { requestName, input } = place.planned;
  const why = `input '${input.name}' of type ${input.datatype} has no missing value`;
  if (requestName !== undefined) {
    const description = `row ${row} has no value, and ${why}; send one`;
    throw InvalidArgumentError.of(`request_features[${requestName}]`, description, { reason: 'FEATURE_MISSING' });
  }
  const status = statuses[row] ?? 'NOT_FOUND';
  throw new FailedPreconditionError(`feature '${name}' of row ${row} is ${status}, and ${why}; materialize its view, or leave the row out`, {
    reason: 'FEATURE_MISSING',
    facts: { feature: name, row: `${row}`, status },
  }); // prettier-ignore
}

function wrongType(place: Place): Error {
  const { planned, column } = place;
  const { input, requestName } = planned;
  const description = `is a column of type ${column.data.type}, which input '${input.name}' of type ${input.datatype} does not take`;
  if (requestName !== undefined) {
    return InvalidArgumentError.of(`request_features[${requestName}]`, description, { reason: 'FEATURE_INVALID' });
  }
  return new FailedPreconditionError(
    `feature '${column.name}' ${description}; register the model with its own features`,
    {
      reason: 'FEATURE_INVALID',
      facts: { feature: column.name },
    },
  );
}

function invalid({ planned, column }: Place, row: number, fault: string): Error {
  const description = `row ${row}: ${fault}, which input '${planned.input.name}' takes`;
  if (planned.requestName !== undefined) {
    return InvalidArgumentError.of(`request_features[${planned.requestName}]`, description, {
      reason: 'FEATURE_INVALID',
    });
  }
  return new FailedPreconditionError(`feature '${column.name}', ${description}`, {
    reason: 'FEATURE_INVALID',
    facts: { feature: column.name, row: `${row}` },
  });
}
