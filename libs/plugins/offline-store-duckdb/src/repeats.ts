import type { Breach } from './column-rules.ts';
import type { Session } from './engine.ts';

/** Values that only one row may have. */
export interface RepeatRule {
  readonly column: string;
  readonly rule: string;
  /** Inner values that together are unique; a row where one of them is null is not compared, as in SQL. */
  readonly values: readonly string[];
  /** SQL of the reason. @param firstRow SQL of the number of the row that keeps the value. */
  readonly reason: (firstRow: string) => string;
}

/**
 * Rows that repeat a value of an earlier row, one temporary table (rn, first_rn) for each rule that is broken at all; conditions take it as joined,
 * reasons take its `first_rn` as `<table>_first`. Values that occur more than
 * once are looked for first: grouping is cheaper than numbering the rows of each value, and mostly there are none.
 */
export async function findRepeats(
  session: Session,
  typed: string,
  rules: readonly RepeatRule[],
): Promise<readonly { readonly table: string; readonly breach: Breach }[]> {
  const found: { table: string; breach: Breach }[] = [];
  for (const [index, { column, rule, values, reason }] of rules.entries()) {
    const table = `repeats${index}`;
    const names = values.map((value, place) => `${value} AS k${place}`).join(', ');
    const present = values.map((value) => `${value} IS NOT NULL`).join(' AND ');
    const same = values.map((value, place) => `typed.${value} = twice.k${place}`).join(' AND ');
    await session.rows(
      `CREATE TEMP TABLE ${table} AS WITH typed AS (${typed}), ` +
        `twice AS (SELECT ${names}, min(rn) AS first_rn FROM typed WHERE ${present} GROUP BY ${values.join(', ')} HAVING count(*) > 1) ` +
        `SELECT typed.rn AS rn, twice.first_rn AS first_rn FROM typed JOIN twice ON ${same} AND typed.rn <> twice.first_rn`,
    );
    const [count] = await session.rows(`SELECT count(*) FROM ${table}`);
    if (Number(count?.[0]) === 0) continue;
    found.push({
      table,
      breach: { column, rule, condition: `(${table}.rn IS NOT NULL)`, reason: reason(`${table}_first`) },
    });
  }
  return found;
}
