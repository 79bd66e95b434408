import type { SqlRunner } from '@slipway/persistence';
import type { Run } from '../domain/run.ts';
import type { TrackingReads } from '../domain/unit-of-work.ts';
import { readExperiment, searchExperiments } from './experiment-rows.ts';
import { readDatasetSummaries } from './input-rows.ts';
import { readHistories, readHistory } from './history-rows.ts';
import { sqlPart } from './keyset-sql.ts';
import { loggedModelReads } from './logged-model-rows.ts';
import { RUN_COLUMNS, readInputs, readViews, runOf, type RunRow } from './run-rows.ts';
import { searchRuns } from './run-search.ts';
import { sampleHistories } from './sample-histories.ts';

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
  metrics: {
    history: (runId, key, page) => readHistory(sql, workspace, runId, key, page),
    histories: (runIds, key, page) =>
      readHistories(sql, workspace, { runIds, key, method: 'tracking.GetMetricHistories' }, page),
    sample: (key, query) => sampleHistories({ sql, workspace, key }, query),
  },
  inputs: {
    of: async ({ runId }) => (await readInputs(sql, workspace, [runId])).get(runId) ?? [],
    summaries: (experiments, bound) => readDatasetSummaries(sql, workspace, experiments, bound),
  },
  models: loggedModelReads(sql, workspace),
});

/** @param lock of the row, e.g. `for update`. */
export async function readRun(sql: SqlRunner, workspace: string, runId: string, lock = ''): Promise<Run | undefined> {
  const statement = `select ${RUN_COLUMNS} from tracking_run r where r.workspace = ? and r.run_id = ? ${lock}`;
  const [row] = await sql.all<RunRow>(statement, [workspace, runId]);
  return row && runOf(row);
}
