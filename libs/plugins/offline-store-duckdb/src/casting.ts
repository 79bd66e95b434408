import type { ColumnType } from '@slipway/plugin-kit';

// Inside the driver a timestamp is a BIGINT of microseconds, the other types are VARCHAR, BIGINT, DOUBLE and BOOLEAN.

const INTEGERS = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/;
const REALS = /^(FLOAT|DOUBLE|DECIMAL\(.*\))$/;
const TEXTS = /^(VARCHAR|UUID|JSON|ENUM\(.*\))$/s;
const TIMES = /^(TIMESTAMP|TIMESTAMP_S|TIMESTAMP_MS|TIMESTAMP_NS|TIMESTAMP WITH TIME ZONE|DATE)$/;

/** Years 1 to 9999, what ISO 8601 text with four digits can say. */
const TIME_FIRST = '-62135596800000000';
const TIME_LAST = '253402300799999999';

const INTEGER_TEXT = `'[+-]?[0-9]+'`;
const NUMBER_TEXT = `'[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?'`;
const SPECIAL_TEXT = `'(?i)[+-]?(inf|infinity|nan)'`;
const TIME_TEXT = `'[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?'`;

const STORED: Record<ColumnType, string> = {
  string: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  timestamp: 'BIGINT',
};

/** DuckDB's type for values of a column inside the driver. */
export const innerType = (type: ColumnType): string => STORED[type];

/** The column as it is written to a file: timestamps in UTC, so that every reader knows. */
export const toFile = (type: ColumnType, value: string): string =>
  type === 'timestamp' ? `make_timestamptz(${value})` : value;

/** The type that a column of a file is read as; undefined for one that cannot be used, e.g. a list. */
export function columnTypeOf(duckdbType: string): ColumnType | undefined {
  if (INTEGERS.test(duckdbType)) return 'integer';
  if (REALS.test(duckdbType)) return 'number';
  if (TEXTS.test(duckdbType)) return 'string';
  if (TIMES.test(duckdbType)) return 'timestamp';
  return duckdbType === 'BOOLEAN' ? 'boolean' : undefined;
}

/**
 * How a value of a file becomes one of `type`.
 * @returns SQL from the value to the inner value, null where it cannot be cast without loss; undefined when no value of that type can.
 */
export function castTo(type: ColumnType, duckdbType: string): ((value: string) => string) | undefined {
  const from = columnTypeOf(duckdbType);
  if (from === undefined) return undefined;
  if (from === 'string')
    return (value) => TEXT_CASTS[type](duckdbType === 'VARCHAR' ? value : `CAST(${value} AS VARCHAR)`);
  if (type === 'string') return (value) => `CAST(${value} AS VARCHAR)`;
  if (from === type) return (value) => SAME_CASTS[type](value, duckdbType);
  if (type === 'number' && from === 'integer') return (value) => `TRY_CAST(${value} AS DOUBLE)`;
  if (type === 'integer' && from === 'number')
    return (value) => `CASE WHEN ${value} = trunc(${value}) THEN TRY_CAST(${value} AS BIGINT) END`;
  return undefined;
}

const inTime = (micros: string): string =>
  `CASE WHEN ${micros} BETWEEN ${TIME_FIRST} AND ${TIME_LAST} THEN ${micros} END`;

const TEXT_CASTS: Record<ColumnType, (value: string) => string> = {
  string: (value) => value,
  integer: (value) => `CASE WHEN regexp_full_match(${value}, ${INTEGER_TEXT}) THEN TRY_CAST(${value} AS BIGINT) END`,
  // Digits beyond the range of a double would be read as infinity: only the word for it is.
  number: (value) =>
    `CASE WHEN regexp_full_match(${value}, ${NUMBER_TEXT}) THEN CASE WHEN isfinite(TRY_CAST(${value} AS DOUBLE)) THEN TRY_CAST(${value} AS DOUBLE) END` +
    ` WHEN regexp_full_match(${value}, ${SPECIAL_TEXT}) THEN TRY_CAST(${value} AS DOUBLE) END`,
  boolean: (value) =>
    `CASE lower(${value}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END`,
  timestamp: (value) =>
    inTime(`CASE WHEN regexp_full_match(${value}, ${TIME_TEXT}) THEN epoch_us(TRY_CAST(${value} AS TIMESTAMPTZ)) END`),
};

const SAME_CASTS: Record<ColumnType, (value: string, duckdbType: string) => string> = {
  string: (value) => value,
  integer: (value, duckdbType) => (duckdbType === 'BIGINT' ? value : `TRY_CAST(${value} AS BIGINT)`),
  number: (value, duckdbType) => (duckdbType === 'DOUBLE' ? value : `CAST(${value} AS DOUBLE)`),
  boolean: (value) => value,
  timestamp: (value, duckdbType) => inTime(microsOf(value, duckdbType)),
};

/** Nanoseconds are cut towards the past: DuckDB's own cast cuts towards 1970. */
function microsOf(value: string, duckdbType: string): string {
  if (duckdbType === 'TIMESTAMP_NS')
    return `((epoch_ns(${value}) - ((epoch_ns(${value}) % 1000 + 1000) % 1000)) // 1000)`;
  if (duckdbType === 'TIMESTAMP' || duckdbType === 'TIMESTAMP WITH TIME ZONE') return `epoch_us(${value})`;
  return `epoch_us(TRY_CAST(${value} AS TIMESTAMP))`;
}
