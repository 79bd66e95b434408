import type { SqlRunner } from '@slipway/persistence';
import type { Page } from '../domain/paging.ts';
import type { Run, RunView } from '../domain/run.ts';
import { viewChars } from '../domain/run-projection.ts';
import type { RunQuery, TrackingReads } from '../domain/unit-of-work.ts';
import { readExperiment, searchExperiments } from './experiment-rows.ts';
import { readDatasetSummaries } from './input-rows.ts';
import { readHistories, readHistory } from './history-rows.ts';
import { sqlPart, type KeysetRows } from './keyset-sql.ts';
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
      const found = await searchRuns(sql, workspace, query, page);
      return readFitting(sql, workspace, query, found);
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

/** Runs whose views are read at once: however large a page may be, no more than its end is read in vain. */
const VIEWS_AT_ONCE = 500;

/** A page of runs ends when it is full or long. */
async function readFitting(
  sql: SqlRunner,
  workspace: string,
  { projection, charsMax }: RunQuery,
  { items, nextPageToken, tokenAfter }: KeysetRows<Run>,
): Promise<Page<RunView>> {
  const views: RunView[] = [];
  let chars = 0;
  for (let at = 0; at < items.length; at += VIEWS_AT_ONCE) {
    for (const view of await readViews(sql, workspace, items.slice(at, at + VIEWS_AT_ONCE), projection)) {
      chars += viewChars(view);
      if (chars > charsMax && views.length > 0) return { items: views, nextPageToken: tokenAfter(views.length - 1) };
      views.push(view);
    }
  }
  return { items: views, ...(nextPageToken === undefined ? {} : { nextPageToken }) };
}

/** @param lock of the row, e.g. `for update`. */
export async function readRun(sql: SqlRunner, workspace: string, runId: string, lock = ''): Promise<Run | undefined> {
  const statement = `select ${RUN_COLUMNS} from tracking_run r where r.workspace = ? and r.run_id = ? ${lock}`;
  const [row] = await sql.all<RunRow>(statement, [workspace, runId]);
  return row && runOf(row);
}
