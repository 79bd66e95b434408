import type { Column, Column__Output } from '@slipway/contracts/slipway.common.v1';
import { InvalidArgumentError } from '@slipway/kernel';
import type { ColumnData, Tensor } from '@slipway/plugin-kit';
import { halfToNumber } from '../domain/half-float.ts';

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'COLUMN_INVALID' });

/** Reads a column, 64 bits exact. @param field of the message that holds it. @throws {InvalidArgumentError} when it is none. */
export function fromColumn(column: Column__Output | null, field: string): ColumnData {
  const { nulls = [], strings, integers, numbers, booleans, timestamps } = column ?? {};
  const values = strings?.values ?? integers?.values ?? numbers?.values ?? booleans?.values ?? timestamps?.values;
  if (!values) throw refuse(field, 'holds no values; set strings, integers, numbers, booleans or timestamps');
  if (nulls.length > 0 && nulls.length !== values.length) {
    throw refuse(
      `${field}.nulls`,
      `has ${nulls.length} entries for ${values.length} values; leave it empty or give one for each`,
    );
  }
  const present = new Uint8Array(values.length).fill(1);
  for (const [row, isNull] of nulls.entries()) if (isNull) present[row] = 0;
  if (strings) return { type: 'string', values: strings.values, present };
  if (numbers) return { type: 'number', values: Float64Array.from(numbers.values), present };
  if (booleans) return { type: 'boolean', values: Uint8Array.from(booleans.values, Number), present };
  const type = integers ? 'integer' : 'timestamp';
  return { type, values: BigInt64Array.from(values as string[], BigInt), present };
}

/** @param isShown by row; where it is not, and where the value is null, the column holds a null. */
export function toColumn(data: ColumnData, isShown: (row: number) => boolean = () => true): Column {
  const nulls = Array.from(data.present, (present, row) => present === 0 || !isShown(row));
  const marked: Pick<Column, 'nulls'> = nulls.includes(true) ? { nulls } : {};
  switch (data.type) {
    case 'string':
      return { ...marked, strings: { values: data.values.map((text, row) => (nulls[row] ? '' : text)) } };
    case 'integer':
      return { ...marked, integers: { values: Array.from(data.values, String) } };
    case 'timestamp':
      return { ...marked, timestamps: { values: Array.from(data.values, String) } };
    case 'number':
      return { ...marked, numbers: { values: Array.from(data.values) } };
    case 'boolean':
      return { ...marked, booleans: { values: Array.from(data.values, Boolean) } };
  }
}

/** Values of a tensor; @returns undefined when one of them is beyond int64. */
export function tensorColumn(tensor: Tensor): Column | undefined {
  switch (tensor.datatype) {
    case 'BYTES':
      return { strings: { values: [...tensor.data] } };
    case 'BOOL':
      return { booleans: { values: Array.from(tensor.data, Boolean) } };
    case 'FP16':
      return { numbers: { values: Array.from(tensor.data, halfToNumber) } };
    case 'FP32':
    case 'FP64':
      return { numbers: { values: Array.from(tensor.data) } };
    case 'UINT64':
      if (tensor.data.some((value) => value >= 2n ** 63n)) return undefined;
      return { integers: { values: Array.from(tensor.data, String) } };
    default:
      return { integers: { values: Array.from<number | bigint, string>(tensor.data, String) } };
  }
}
