import type { SqlRunner, SqlValue, Transaction } from '@slipway/persistence';
import type { Tags } from '../domain/experiment.ts';
import type { LoggedModelReads, TrackingTransaction } from '../domain/unit-of-work.ts';
import { insertRows, lockClause, selectIn } from './bulk.ts';
import { LoggedModelRow } from './logged-model-entities.ts';
import { readModel } from './logged-model-rows.ts';

const INSERT_PARAMS = {
  head: 'insert into tracking_logged_model_param (workspace, model_id, key, value) values',
  tail: 'on conflict do nothing',
  width: 4,
};
const PUT_TAGS = {
  head: 'insert into tracking_logged_model_tag (workspace, model_id, key, value) values',
  tail: 'on conflict (workspace, model_id, key) do update set value = excluded.value',
  width: 4,
};

/** Whoever changes parameters and tags has locked the model. */
const rowsOf = (workspace: string, modelId: string, entries: Tags): SqlValue[] =>
  Object.entries(entries).flatMap(([key, value]) => [workspace, modelId, key, value]);

async function addParams(sql: SqlRunner, workspace: string, modelId: string, params: Tags): Promise<Tags> {
  await insertRows(sql, INSERT_PARAMS, rowsOf(workspace, modelId, params));
  const head = 'select key, value from tracking_logged_model_param where workspace = ? and model_id = ? and key';
  const keys = Object.keys(params);
  const stored = await selectIn<{ key: string; value: string }>(sql, { head }, [workspace, modelId], keys);
  return Object.fromEntries(stored.map(({ key, value }) => [key, value]));
}

export const loggedModelWrites = (
  { em, sql }: Transaction,
  workspace: string,
): Omit<TrackingTransaction['models'], keyof LoggedModelReads> => ({
  lock: (modelId) => readModel(sql, workspace, modelId, lockClause(sql, 'update')),
  insert: async ({ experimentId, deletedTime = null, ...model }) => {
    await em.insert(LoggedModelRow, { workspace, ...model, experiment: experimentId, deletedTime });
  },
  update: async ({ modelId, status, lastUpdateTime, deletedTime = null }) => {
    await em.nativeUpdate(LoggedModelRow, { workspace, modelId }, { status, lastUpdateTime, deletedTime });
  },
  addParams: (modelId, params) => addParams(sql, workspace, modelId, params),
  putTags: async (modelId, tags) => void (await insertRows(sql, PUT_TAGS, rowsOf(workspace, modelId, tags))),
  deleteTag: async (modelId, key) => {
    const statement = 'delete from tracking_logged_model_tag where workspace = ? and model_id = ? and key = ?';
    return (await sql.run(statement, [workspace, modelId, key])) > 0;
  },
});
