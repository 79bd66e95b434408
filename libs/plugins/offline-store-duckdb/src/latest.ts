import type { ColumnBatch, ColumnData, ColumnSpec, LatestRows, ViewTable } from '@slipway/plugin-kit';
import { streamBatches } from './batch-builder.ts';
import { fromDuckdb } from './duckdb-error.ts';
import type { Session } from './engine.ts';
import { planFeatures } from './feature-sql.ts';
import { readViewRows } from './view-rows.ts';

/** Columns of the statement before those of the result. */
const ORDER: readonly ColumnSpec[] = [
  { name: 'event', type: 'timestamp' },
  { name: 'created', type: 'timestamp' },
  { name: 'newest', type: 'integer' },
];

/** @see OfflineStore.readLatest */
export async function* readLatest(session: Session, view: ViewTable, arrivedAfter: bigint): AsyncGenerator<LatestRows> {
  try {
    const statement = await latestSelect(session, view, arrivedAfter);
    const columns: readonly ColumnSpec[] = [...view.keys, ...view.features.map(({ name, type }) => ({ name, type }))];
    for await (const batch of streamBatches(session, statement, [...ORDER, ...columns])) yield toLatest(batch);
  } catch (error) {
    throw fromDuckdb(error, { field: view.name, paths: view.files });
  }
}

/**
 * The winner of each key first, then the rows of its window: every source row belongs to the window of one winner at most, so both steps are
 * linear however many rows a key has.
 */
async function latestSelect(session: Session, view: ViewTable, arrivedAfter: bigint): Promise<string> {
  const rows = await readViewRows(session, view);
  const features = await planFeatures(session, view, rows);
  const keys = view.keys.map((_, index) => `k${index}`);
  const sources = rows.sources.map((_, index) => `s${index}`);
  const order = `{'e': ev, 'c': cr, 'a': ar}`;
  await session.rows(
    `CREATE TEMP TABLE winners AS SELECT ${keys.join(', ')}, w.e AS ev, w.c AS cr, w.a AS ar, greatest(w.e, w.c) AS kn, newest FROM (` +
      `SELECT ${keys.join(', ')}, max(${order}) AS w, max(ar) AS newest FROM ${rows.relation} GROUP BY ${keys.join(', ')}) WHERE newest > ${arrivedAfter}`,
  );
  const match = keys.map((key) => `r.${key} = w.${key}`).join(' AND ');
  const windowed = features.windows.length > 0;
  const values = features.values((call, micros) => `${call} FILTER (WHERE r.kn BETWEEN w.kn - ${micros} AND w.kn)`);
  const picked = view.features.map(({ from }, index) => {
    const value = values[index] ?? 'NULL';
    if (!windowed) return value;
    return 'column' in from ? `any_value(${value}) FILTER (WHERE r.ar = w.ar)` : value;
  });
  const outer = keys.map((key) => `w.${key}`);
  const group = windowed ? `GROUP BY ${[...outer, 'w.ev', 'w.cr', 'w.ar', 'w.kn', 'w.newest'].join(', ')}` : '';
  const where = windowed ? '' : 'WHERE r.ar = w.ar';
  return (
    `SELECT w.ev, w.cr, w.newest, ${[...outer, ...picked].join(', ')} FROM winners AS w ` +
    `JOIN (SELECT ${[...keys, ...sources, 'kn', 'ar'].join(', ')} FROM ${rows.relation}) AS r ON ${match} ${where} ${group} ORDER BY w.ar`
  );
}

function toLatest({ rows, columns }: ColumnBatch): LatestRows {
  const [event, created, newest] = columns;
  const result = columns.slice(ORDER.length);
  return {
    rows,
    columns: result,
    eventTimes: integersOf(event?.data),
    createdTimes: integersOf(created?.data),
    arrivals: integersOf(newest?.data),
  };
}

const integersOf = (data: ColumnData | undefined): BigInt64Array =>
  data?.type === 'integer' || data?.type === 'timestamp' ? data.values : new BigInt64Array();
