import type { SqlRunner } from '@slipway/persistence';
import type { LoggedModel, LoggedModelView, ModelPoint } from '../domain/logged-model.ts';
import type { LoggedModelReads } from '../domain/unit-of-work.ts';
import { pointOf, type PointRecord } from './append-points.ts';
import { selectIn } from './bulk.ts';
import { MODEL_COLUMNS, modelOf, type ModelRow } from './logged-model-record.ts';
import { searchLoggedModels } from './logged-model-search.ts';

/** @param lock of the row, e.g. `for update`. */
export async function readModel(
  sql: SqlRunner,
  workspace: string,
  modelId: string,
  lock = '',
): Promise<LoggedModel | undefined> {
  const statement = `select ${MODEL_COLUMNS} from tracking_logged_model m where m.workspace = ? and m.model_id = ? ${lock}`;
  const [row] = await sql.all<ModelRow>(statement, [workspace, modelId]);
  return row && modelOf(row);
}

interface EntryRow {
  readonly model_id: string;
  readonly key: string;
  readonly value: string;
}

interface MetricRow extends PointRecord {
  readonly model_id: string;
  readonly key: string;
  readonly dataset_name: string;
  readonly dataset_digest: string;
}

/** Everything that was logged to these models, in their order, with one question per kind and not per model. */
async function readViews(
  sql: SqlRunner,
  workspace: string,
  models: readonly LoggedModel[],
): Promise<readonly LoggedModelView[]> {
  const ids = models.map(({ modelId }) => modelId);
  const entries = async (table: string) => {
    const head = `select model_id, key, value from ${table} where workspace = ? and model_id`;
    const rows = await selectIn<EntryRow>(sql, { head, tail: 'order by model_id, key' }, [workspace], ids);
    return Map.groupBy(rows, ({ model_id }) => model_id);
  };
  const params = await entries('tracking_logged_model_param');
  const tags = await entries('tracking_logged_model_tag');
  const head = `select model_id, key, dataset_name, dataset_digest, cast(step as text) as step, cast(timestamp as text) as timestamp,
    cast(value as text) as value from tracking_logged_model_metric where workspace = ? and model_id`;
  const tail = 'order by model_id, key, dataset_name, dataset_digest';
  const metricRows = await selectIn<MetricRow>(sql, { head, tail }, [workspace], ids);
  const metrics = Map.groupBy(metricRows, ({ model_id }) => model_id);
  const textsOf = (rows: readonly EntryRow[] = []) => Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  return models.map((model) => ({
    model,
    params: textsOf(params.get(model.modelId)),
    tags: textsOf(tags.get(model.modelId)),
    metrics: (metrics.get(model.modelId) ?? []).map(modelPointOf),
  }));
}

const modelPointOf = (row: MetricRow): ModelPoint => ({
  ...pointOf(row.key, row),
  about: { modelId: row.model_id, datasetName: row.dataset_name, datasetDigest: row.dataset_digest },
});

export const loggedModelReads = (sql: SqlRunner, workspace: string): LoggedModelReads => ({
  get: (modelId) => readModel(sql, workspace, modelId),
  view: async (model) => {
    const [view] = await readViews(sql, workspace, [model]);
    if (!view) throw new Error('one model gave no view');
    return view;
  },
  active: async (modelIds) => {
    const head = 'select model_id from tracking_logged_model where workspace = ? and deleted_time is null and model_id';
    const rows = await selectIn<{ model_id: string }>(sql, { head }, [workspace], modelIds);
    return new Set(rows.map(({ model_id }) => model_id));
  },
  search: async (query, page) => {
    const { items, ...rest } = await searchLoggedModels(sql, workspace, query, page);
    return { items: await readViews(sql, workspace, items.map(modelOf)), ...rest };
  },
});
