/** Types of a column in tables and feature views, in the words of the Open Data Contract Standard. */
export const COLUMN_TYPES = ['string', 'integer', 'number', 'boolean', 'timestamp'] as const;
/** `integer` has 64 bits, `number` is a double, `timestamp` counts microseconds UTC. */
export type ColumnType = (typeof COLUMN_TYPES)[number];

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

/**
 * Values of one column in the order of its rows. Where `present[row]` is 0 the value is null and what `values` holds there means nothing.
 * Numbers may be NaN or infinite; integers and timestamps are exact.
 */
export type ColumnData =
  | { readonly type: 'string'; readonly values: readonly string[]; readonly present: Uint8Array }
  | { readonly type: 'integer' | 'timestamp'; readonly values: BigInt64Array; readonly present: Uint8Array }
  | { readonly type: 'number'; readonly values: Float64Array; readonly present: Uint8Array }
  | { readonly type: 'boolean'; readonly values: Uint8Array; readonly present: Uint8Array };

/** Some rows of a table; all columns have `rows` entries. */
export interface ColumnBatch {
  readonly rows: number;
  readonly columns: readonly (ColumnSpec & { readonly data: ColumnData })[];
}
