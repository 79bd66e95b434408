import { ConflictError } from '@slipway/kernel';
import {
  decodeFloat64,
  encodeFloat64,
  UniqueViolationError,
  type SqlRunner,
  type SqlValue,
} from '@slipway/persistence';
import type { MetricAppend, MetricPoint } from '../domain/metric.ts';
import { appendModelPoints } from './append-model-points.ts';
import { insertRows, lockClause, selectIn } from './bulk.ts';
import type { SeriesNumbers } from './series-numbers.ts';

export interface AppendContext {
  readonly sql: SqlRunner;
  readonly workspace: string;
  /** Microseconds. */
  readonly now: bigint;
  readonly numbers: SeriesNumbers;
}

interface StoredPoint {
  readonly step: bigint;
  readonly timestamp: bigint;
  readonly value: bigint;
}

/** The points of one metric of one run in this transaction. */
interface Series {
  readonly runId: string;
  readonly key: string;
  readonly points: StoredPoint[];
  latest: StoredPoint;
}

const isLater = (left: StoredPoint, right: StoredPoint): boolean => {
  if (left.step !== right.step) return left.step > right.step;
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp;
  return left.value > right.value;
};

const toStored = ({ step, timestamp, value }: MetricPoint): StoredPoint => ({
  step,
  timestamp,
  value: encodeFloat64(value),
});

/** By run and key, in the order of run and key: every transaction locks its series in that order, so none waits for another in a circle. */
function groupBySeries(appends: readonly MetricAppend[]): Series[] {
  const runs = new Map<string, Map<string, Series>>();
  for (const { runId, points } of appends) {
    const byKey = runs.get(runId) ?? new Map<string, Series>();
    runs.set(runId, byKey);
    for (const point of points) {
      const stored = toStored(point);
      const series = byKey.get(point.key);
      if (!series) {
        byKey.set(point.key, { runId, key: point.key, points: [stored], latest: stored });
        continue;
      }
      series.points.push(stored);
      if (isLater(stored, series.latest)) series.latest = stored;
    }
  }
  const all = [...runs.values()].flatMap((byKey) => [...byKey.values()]);
  return all.sort((left, right) =>
    left.runId < right.runId || (left.runId === right.runId && left.key < right.key) ? -1 : 1,
  );
}

const IS_LATER = '(excluded.step, excluded.timestamp, excluded.value) > (s.step, s.timestamp, s.value)';
const later = (column: string): string =>
  `${column} = case when ${IS_LATER} then excluded.${column} else s.${column} end`;

/** Makes the series that are new, moves the latest point of the others forward, and locks all of them until the transaction ends. */
const UPSERT_SERIES = {
  head: 'insert into tracking_metric_series as s (workspace, run_id, key, series, step, timestamp, value) values',
  tail: `on conflict (workspace, run_id, key) do update set ${later('step')}, ${later('timestamp')}, ${later('value')}
    returning run_id, key, cast(series as text) as series`,
  width: 7,
};
const INSERT_POINTS = {
  head: 'insert into tracking_metric_point (workspace, series, step, timestamp, value) values',
  tail: 'on conflict do nothing',
  width: 5,
};

type NumbersByRun = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

/** @throws {ConflictError} when another process has just used one of the numbers: repeat the call. */
async function upsertSeries(
  { sql, workspace, now, numbers }: AppendContext,
  all: readonly Series[],
): Promise<NumbersByRun> {
  const first = numbers.take(all.length, now);
  const upserts: SqlValue[] = [];
  all.forEach(({ runId, key, latest }, index) => {
    upserts.push(workspace, runId, key, first + BigInt(index), latest.step, latest.timestamp, latest.value);
  });
  const byRun = new Map<string, Map<string, bigint>>();
  try {
    for (const row of await insertRows<{ run_id: string; key: string; series: string }>(sql, UPSERT_SERIES, upserts)) {
      const ofRun = byRun.get(row.run_id) ?? new Map<string, bigint>();
      byRun.set(row.run_id, ofRun.set(row.key, BigInt(row.series)));
    }
    return byRun;
  } catch (error) {
    if (!(error instanceof UniqueViolationError)) throw error;
    throw new ConflictError('another server began a metric in the same microsecond; repeat the call', { cause: error });
  }
}

/** Stores points of runs that the caller has locked or held. */
export async function appendPoints(context: AppendContext, appends: readonly MetricAppend[]): Promise<void> {
  const { sql } = context;
  const all = groupBySeries(appends);
  if (all.length === 0) return;
  const numbers = await upsertSeries(context, all);
  const numberOf = ({ runId, key }: Series): bigint => {
    const number = numbers.get(runId)?.get(key);
    if (number === undefined) throw new Error('the database returned no number for a series that it has stored');
    return number;
  };
  await (sql.dialect === 'postgresql' ? insertArrays(context, all, numberOf) : insertValues(context, all, numberOf));
  await appendModelPoints(sql, context.workspace, appends);
}

async function insertValues(
  { sql, workspace }: AppendContext,
  all: readonly Series[],
  numberOf: (series: Series) => bigint,
): Promise<void> {
  const parameters: SqlValue[] = [];
  for (const series of all) {
    const number = numberOf(series);
    for (const { step, timestamp, value } of series.points) parameters.push(workspace, number, step, timestamp, value);
  }
  await insertRows(sql, INSERT_POINTS, parameters);
}

/** One statement of one text for any number of points: PostgreSQL parses and plans it once per call, not per place. */
async function insertArrays(
  { sql, workspace }: AppendContext,
  all: readonly Series[],
  numberOf: (series: Series) => bigint,
): Promise<void> {
  const numbers: bigint[] = [];
  const points: StoredPoint[] = [];
  for (const series of all) {
    const number = numberOf(series);
    for (const point of series.points) {
      numbers.push(number);
      points.push(point);
    }
  }
  const array = (values: readonly bigint[]): string => `{${values.join(',')}}`;
  await sql.run(
    `insert into tracking_metric_point (workspace, series, step, timestamp, value)
     select cast(? as text), p.series, p.step, p.timestamp, p.value
     from unnest(cast(? as bigint[]), cast(? as bigint[]), cast(? as bigint[]), cast(? as bigint[])) as p (series, step, timestamp, value)
     on conflict do nothing`,
    [
      workspace,
      array(numbers),
      array(points.map(({ step }) => step)),
      array(points.map(({ timestamp }) => timestamp)),
      array(points.map(({ value }) => value)),
    ],
  );
}

/** Holds the runs against deletion, stores the points of those that are active. @returns what the others are. */
export async function appendToActive(
  context: AppendContext,
  appends: readonly MetricAppend[],
): Promise<ReadonlyMap<string, 'absent' | 'deleted'>> {
  const { sql, workspace } = context;
  const ids = [...new Set(appends.map(({ runId }) => runId))].sort();
  const head = 'select run_id, deleted from tracking_run where workspace = ? and run_id';
  const rows = await selectIn<{ run_id: string; deleted: boolean | number }>(
    sql,
    { head, tail: `order by run_id ${lockClause(sql, 'share')}` },
    [workspace],
    ids,
  );
  const active = new Set(rows.filter(({ deleted }) => !deleted).map(({ run_id }) => run_id));
  const known = new Set(rows.map(({ run_id }) => run_id));
  await appendPoints(
    context,
    appends.filter(({ runId }) => active.has(runId)),
  );
  return new Map(
    ids.filter((id) => !active.has(id)).map((id) => [id, known.has(id) ? ('deleted' as const) : ('absent' as const)]),
  );
}

/** A row of points or series as the databases give it, 64-bit integers as text. */
export interface PointRecord {
  readonly step: string;
  readonly timestamp: string;
  readonly value: string;
}

export const pointOf = (key: string, row: PointRecord): MetricPoint => ({
  key,
  value: decodeFloat64(BigInt(row.value)),
  timestamp: BigInt(row.timestamp),
  step: BigInt(row.step),
});
