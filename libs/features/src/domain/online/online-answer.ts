import type { ColumnType, StoredRow } from '@slipway/plugin-kit';
import type { RowCodec } from './row-codec.ts';

/** As the contract numbers them. */
export const STATUS = { PRESENT: 1, NULL_VALUE: 2, NOT_FOUND: 3, OUTSIDE_MAX_AGE: 4 } as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** Rows of one view, opened: valid until the next turn of the event loop. */
export interface OpenedRows {
  /** undefined where no row was found. */
  readonly rows: readonly (Buffer | undefined)[];
  /** Of a row that is there: PRESENT or OUTSIDE_MAX_AGE. */
  readonly ages: readonly Status[];
  /** Microseconds UTC, exact: a number where that is possible, else text; 0 where no row was found. */
  readonly eventTimes: readonly (number | string)[];
}

/** @param ttlMicros 0 is no limit; the bound itself is inside, as in the point-in-time join. */
export function openRows(
  codec: RowCodec,
  stored: readonly (StoredRow | undefined)[],
  asOf: bigint,
  ttlMicros: number,
): OpenedRows {
  const oldest = asOf - BigInt(ttlMicros);
  const rows: (Buffer | undefined)[] = [];
  const ages: Status[] = [];
  const eventTimes: (number | string)[] = [];
  for (const row of stored) {
    rows.push(row && codec.open(row.values));
    ages.push(row && ttlMicros > 0 && row.eventTime < oldest ? STATUS.OUTSIDE_MAX_AGE : STATUS.PRESENT);
    eventTimes.push(row ? exact(row.eventTime) : 0);
  }
  return { rows, ages, eventTimes };
}

function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** Values of one feature in the order of the rows; where a value is null or not found `values` holds a zero or an empty text. */
export interface AnsweredColumn {
  readonly type: ColumnType;
  readonly values: (number | string | boolean)[];
  /** Empty when no value is null. */
  readonly nulls: boolean[];
  readonly statuses: Status[];
}

/** Reads one feature of all rows. */
export function answerColumn(codec: RowCodec, column: number, type: ColumnType, opened: OpenedRows): AnsweredColumn {
  const read = readerOf(codec, column, type);
  const nothing = type === 'string' ? '' : type === 'boolean' ? false : 0;
  const { rows, ages } = opened;
  const values: (number | string | boolean)[] = [];
  const statuses: Status[] = [];
  let nulls: boolean[] = [];
  for (let row = 0; row < rows.length; row += 1) {
    const bytes = rows[row];
    if (bytes && codec.isPresent(bytes, column)) {
      values.push(read(bytes));
      statuses.push(ages[row] ?? STATUS.PRESENT);
      continue;
    }
    values.push(nothing);
    statuses.push(bytes ? STATUS.NULL_VALUE : STATUS.NOT_FOUND);
    if (nulls.length === 0) nulls = Array.from(rows, () => false);
    nulls[row] = true;
  }
  return { type, values, nulls, statuses };
}

function readerOf(codec: RowCodec, column: number, type: ColumnType): (row: Buffer) => number | string | boolean {
  if (type === 'number') return (row) => codec.readNumber(row, column);
  if (type === 'string') return (row) => codec.readText(row, column);
  if (type === 'boolean') return (row) => codec.readBoolean(row, column);
  return (row) => codec.readInteger(row, column);
}
