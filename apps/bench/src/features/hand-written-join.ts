import type { Duckdb } from './duckdb.ts';
import { JOINED, type Flights } from './flights.ts';

const COLUMNS = JOINED.map(({ name }) => name).join(', ');

/**
 * What somebody writes who knows DuckDB and the question: for each row of the flights the one that counts once it is known, by (event, created,
 * arrival), as a running maximum over the rows of its airport in the order in which they became known. Rows that became known at once are peers
 * of one frame and get the same answer.
 */
export const prepareSql = ({ accepted }: Flights, index: string): string =>
  `COPY (SELECT origin, known, best.event AS event, ${JOINED.map(({ name }) => `best.${name} AS ${name}`).join(', ')} FROM (` +
  `SELECT origin, known, arg_max(row, (event, created, arrival)) OVER (PARTITION BY origin ORDER BY known) AS best FROM (` +
  `SELECT origin, __event AS event, __created AS created, __arrival AS arrival, greatest(__event, __created) AS known, ` +
  `{event: __event, ${JOINED.map(({ name }) => `${name}: ${name}`).join(', ')}} AS row FROM '${accepted}'))) TO '${index}' (FORMAT parquet)`;

/** One ASOF join of the labels with it, those too old made null, in the order of the labels. */
export const joinSql = ({ labels }: Flights, index: string, output: string, ttlMicros: bigint): string =>
  `COPY (SELECT l.label, l.moment, l.origin, ` +
  JOINED.map(
    ({ name }) => `CASE WHEN l.moment - i.event <= to_microseconds(${ttlMicros}) THEN i.${name} END AS ${name}`,
  ).join(', ') +
  ` FROM (SELECT label, CAST(moment AS TIMESTAMPTZ) AS moment, origin FROM '${labels}') AS l ` +
  `ASOF LEFT JOIN '${index}' AS i ON l.origin = i.origin AND l.moment >= i.known ORDER BY l.label) TO '${output}' (FORMAT parquet)`;

/** Rows, and rows with all features, of two results. @throws {Error} when they are not the same, row by row. */
export async function compareJoins(
  duckdb: Duckdb,
  ours: string,
  byHand: string,
): Promise<{ readonly rows: number; readonly found: number }> {
  const columns = ['label', 'moment', 'origin', ...JOINED.map(({ name }) => name)];
  const differs = columns.map((name) => `a.${name} IS DISTINCT FROM b.${name}`).join(' OR ');
  const [first] = await duckdb.sql(
    `SELECT count(*), count(*) FILTER (${differs}), count(a.delay) FROM '${ours}' AS a POSITIONAL JOIN '${byHand}' AS b`,
  );
  const [rows = 0, different = -1, found = 0] = (first ?? []).map(Number);
  if (different !== 0) throw new Error(`${different} of ${rows} joined rows differ (${COLUMNS})`);
  return { rows, found };
}
