import { type Expression, type IntegerTest, type NumberTest, type TextTest, isPresenceTest } from '@slipway/search';
import { encodeFloat64, type SqlRunner, type SqlValue } from '@slipway/persistence';
import { sqlPart, type SqlPart } from './keyset-sql.ts';

type Dialect = SqlRunner['dialect'];

/** As `encodeFloat64` stores it: above all numbers. */
export const STORED_NAN = encodeFloat64(Number.NaN);

/** The whole expression; a condition that is not known to be true is false. */
export function expressionSql<Condition>(
  expression: Expression<Condition>,
  toSql: (condition: Condition) => SqlPart,
): SqlPart {
  if (expression.kind === 'condition') return toSql(expression.condition);
  if (expression.kind === 'not') {
    const { sql, parameters } = expressionSql(expression.term, toSql);
    return { sql: `(${sql}) is not true`, parameters };
  }
  const terms = expression.terms.map((term) => expressionSql(term, toSql));
  return {
    sql: terms.map(({ sql }) => `(${sql})`).join(` ${expression.kind} `),
    parameters: terms.flatMap(({ parameters }) => parameters),
  };
}

const GLOB: Readonly<Record<string, string>> = { '%': '*', _: '?', '*': '[*]', '?': '[?]', '[': '[[]' };

/** LIKE of SQLite does not tell A from a, its GLOB does: the same pattern in other signs. */
const toGlob = (pattern: string): string => pattern.replaceAll(/[%_*?[]/g, (sign) => GLOB[sign] ?? sign);

const placesOf = (values: readonly SqlValue[]): string => values.map(() => '?').join(', ');

/** @param column text in the byte order of the database (`collate "C"` on PostgreSQL). */
export function textTestSql(column: SqlPart, test: TextTest, dialect: Dialect): SqlPart {
  const { sql, parameters } = column;
  const part = (text: string, ...values: readonly SqlValue[]): SqlPart => sqlPart(text, ...parameters, ...values);
  switch (test.op) {
    case '=':
      return part(`${sql} = ?`, test.value);
    case '!=':
      return part(`${sql} <> ?`, test.value);
    case 'like':
      if (dialect === 'sqlite') return part(`${sql} glob ?`, toGlob(test.value));
      return part(`${sql} like ? escape ''`, test.value);
    case 'ilike':
      return dialect === 'sqlite' ? part(`${sql} like ?`, test.value) : part(`${sql} ilike ? escape ''`, test.value);
    case 'in':
    case 'not in':
      return part(`${sql} ${test.op} (${placesOf(test.values)})`, ...test.values);
    case 'is null':
    case 'is not null':
      return part(`${sql} ${test.op}`);
  }
}

/** @param column stored by `encodeFloat64`, where -0 comes directly before 0 and NaN after all numbers. */
export function numberTestSql(column: string, test: NumberTest): SqlPart {
  if (isPresenceTest(test)) return sqlPart(`${column} ${test.op}`);
  const isZero = test.value === 0;
  const lowest = encodeFloat64(isZero ? -0 : test.value);
  const highest = encodeFloat64(isZero ? 0 : test.value);
  switch (test.op) {
    case '=':
      return sqlPart(`${column} between ? and ?`, lowest, highest);
    case '!=':
      return sqlPart(`${column} not between ? and ?`, lowest, highest);
    case '<':
      return sqlPart(`${column} < ?`, lowest);
    case '<=':
      return sqlPart(`${column} <= ?`, highest);
    case '>':
      return sqlPart(`${column} > ? and ${column} < ?`, highest, STORED_NAN);
    case '>=':
      return sqlPart(`${column} >= ? and ${column} < ?`, lowest, STORED_NAN);
  }
}

export const integerTestSql = (column: string, test: IntegerTest): SqlPart =>
  isPresenceTest(test) ? sqlPart(`${column} ${test.op}`) : sqlPart(`${column} ${test.op} ?`, test.value);

/**
 * A test of the value under one key in a table of keys: whoever has no such key fails it, unless it asks for just that.
 * @param rows selects the values of the key, up to an open condition, e.g. `select 1 from t where t.key = ?`.
 */
export function keyedSql(rows: SqlPart, test: { readonly op: string }, value: SqlPart): SqlPart {
  if (test.op === 'is null') return { sql: `not exists (${rows.sql})`, parameters: rows.parameters };
  if (test.op === 'is not null') return { sql: `exists (${rows.sql})`, parameters: rows.parameters };
  return { sql: `exists (${rows.sql} and ${value.sql})`, parameters: [...rows.parameters, ...value.parameters] };
}
