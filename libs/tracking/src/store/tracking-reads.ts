import type { SqlRunner } from '@slipway/persistence';
import type { MetricPoint } from '../domain/metric.ts';
import type { Run } from '../domain/run.ts';
import type { TrackingReads } from '../domain/unit-of-work.ts';
import { pointOf, type PointRecord } from './append-points.ts';
import { readExperiment, searchExperiments } from './experiment-rows.ts';
import { selectPage, sqlPart, type SortKey } from './keyset-sql.ts';
import { RUN_COLUMNS, readInputs, readViews, runOf, type RunRow } from './run-rows.ts';
import { searchRuns } from './run-search.ts';

/** The reads of one workspace in one snapshot or transaction. */
export const trackingReads = (sql: SqlRunner, workspace: string): TrackingReads => ({
  experiments: {
    get: (id) => readExperiment(sql, workspace, sqlPart('e.id = ?', id)),
    findByName: (name) => readExperiment(sql, workspace, sqlPart('e.name = ?', name)),
    search: (query, page) => searchExperiments(sql, workspace, query, page),
  },
  runs: {
    get: (runId) => readRun(sql, workspace, runId),
    view: async (run) => {
      const [view] = await readViews(sql, workspace, [run]);
      if (!view) throw new Error('one run gave no view');
      return view;
    },
    search: async (query, page) => {
      const { items, ...rest } = await searchRuns(sql, workspace, query, page);
      return { items: await readViews(sql, workspace, items), ...rest };
    },
  },
  metrics: { history: (runId, key, page) => readHistory(sql, workspace, { runId, key }, page) },
  inputs: { of: async ({ runId }) => (await readInputs(sql, workspace, [runId])).get(runId) ?? [] },
});

/** @param lock of the row, e.g. `for update`. */
export async function readRun(sql: SqlRunner, workspace: string, runId: string, lock = ''): Promise<Run | undefined> {
  const statement = `select ${RUN_COLUMNS} from tracking_run r where r.workspace = ? and r.run_id = ? ${lock}`;
  const [row] = await sql.all<RunRow>(statement, [workspace, runId]);
  return row && runOf(row);
}

const HISTORY_KEYS: readonly SortKey[] = ['step', 'timestamp', 'value'].map((column) => ({
  sql: `m.${column}`,
  parameters: [],
  type: 'bigint',
  descending: false,
}));

async function readHistory(
  sql: SqlRunner,
  workspace: string,
  { runId, key }: { runId: string; key: string },
  page: Parameters<TrackingReads['metrics']['history']>[2],
): ReturnType<TrackingReads['metrics']['history']> {
  const [series] = await sql.all<{ series: string }>(
    'select cast(series as text) as series from tracking_metric_series where workspace = ? and run_id = ? and key = ?',
    [workspace, runId, key],
  );
  if (!series) return { items: [] };
  return selectPage<PointRecord, MetricPoint>(
    sql,
    {
      query: { method: 'tracking.GetMetricHistory', workspace, filter: [runId, key], orderBy: '' },
      columns: 'cast(m.step as text) as step, cast(m.timestamp as text) as timestamp, cast(m.value as text) as value',
      from: sqlPart('tracking_metric_point m'),
      where: [sqlPart('m.workspace = ?', workspace), sqlPart('m.series = ?', BigInt(series.series))],
      keys: HISTORY_KEYS,
      toItem: (row) => pointOf(key, row),
    },
    page,
  );
}
