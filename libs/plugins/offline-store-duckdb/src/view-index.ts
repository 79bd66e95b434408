import type { ViewTable } from '@slipway/plugin-kit';
import { fromDuckdb } from './duckdb-error.ts';
import type { Session } from './engine.ts';
import { planFeatures, type FeatureSql } from './feature-sql.ts';
import { outputPath } from './sql-text.ts';
import { readViewRows, type ViewRows } from './view-rows.ts';

/**
 * Builds the index of a view: a Parquet file with `k<n>` (keys), `since`, `ev` (event time) and `f<n>` (features), all times in microseconds. At time
 * T the row of a key that counts is the one with the greatest `since` not after T, if its age `T - ev` is within the time to live; `since` is unique
 * per key. So any join costs one ASOF join.
 *
 * With the cut-off rows with event <= T and created <= T count, that is known <= T where known is the later of both. Walking the rows of a key by
 * `known`, the one that counts changes exactly at a row greater in (event, created, arrival) than all before: those rows are the index, since =
 * known. The time to live may be applied to the row found: it has the greatest event time of all candidates, so if it is too old all are, and if it
 * is not, leaving out older ones does not change that it is the greatest.
 *
 * Which rows are those? Sorted by (known, event, created, arrival), row r counts at its known iff
 *  - no row before it or at the same known has a greater event time: its event time is the running maximum, and
 *  - it is the last of its known: rows of the same event time have `known` in the order of `created`, so a rival with the same event time and a
 *    greater (created, arrival) either is known at the same time, and then sorted behind r, or later, and then no rival at r's known.
 *
 * Without the cut-off rows with event <= T count: the index has the last row by (created, arrival) of each event time, since = event.
 */
export async function buildIndex(
  session: Session,
  view: ViewTable,
  createdCutoff: boolean,
  file: string,
): Promise<void> {
  try {
    const rows = await readViewRows(session, view);
    const features = await planFeatures(session, view, rows);
    await session.rows(
      `COPY (${indexSelect(view, rows, features, createdCutoff)}) TO ${outputPath(file)} (FORMAT parquet)`,
    );
  } catch (error) {
    throw fromDuckdb(error, { field: view.name, paths: view.files });
  }
}

function indexSelect(view: ViewTable, rows: ViewRows, features: FeatureSql, createdCutoff: boolean): string {
  const keys = view.keys.map((_, index) => `k${index}`).join(', ');
  const windowName = (micros: bigint): string => `w${features.windows.indexOf(micros)}`;
  const values = features.values((call, micros) => `${call} OVER ${windowName(micros)}`);
  const frames = features.windows.map(
    (micros) =>
      `${windowName(micros)} AS (PARTITION BY ${keys} ORDER BY kn RANGE BETWEEN ${micros} PRECEDING AND CURRENT ROW)`,
  );
  const since = createdCutoff ? 'kn' : 'ev';
  const order = createdCutoff ? 'kn, ev, cr, ar' : 'ev, cr, ar';
  const walk = `walk AS (PARTITION BY ${keys} ORDER BY ${order})`;
  const counts = createdCutoff ? `AND ev = running` : '';
  return (
    `SELECT ${keys}, ${since} AS since, ev${values.map((_, index) => `, f${index}`).join('')} FROM (` +
    `SELECT ${keys}, ev, kn${values.map((value, index) => `, ${value} AS f${index}`).join('')}, ` +
    `lead(${since}) OVER walk AS following, max(ev) OVER (walk ROWS UNBOUNDED PRECEDING) AS running ` +
    `FROM ${rows.relation} WINDOW ${[walk, ...frames].join(', ')}) WHERE following IS DISTINCT FROM ${since} ${counts}`
  );
}
