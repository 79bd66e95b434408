import { insertRows, selectIn } from './bulk.ts';
import { artifactPath } from '@slipway/plugin-kit';
import type { SqlRunner, SqlValue, Transaction } from '@slipway/persistence';
import type { PurgeWrites } from '../domain/unit-of-work.ts';

/** Rows of one key that are removed by one statement. */
const CHUNK = 500;

const NOTE = {
  head: 'insert into tracking_removal (workspace, prefix, noted) values',
  tail: 'on conflict do nothing',
  width: 3,
};

/** Removes the rows of `table` whose `column` is one of `values`. */
async function removeIn(
  sql: SqlRunner,
  workspace: string,
  [table, column]: readonly [table: string, column: string],
  values: readonly SqlValue[],
): Promise<void> {
  for (let at = 0; at < values.length; at += CHUNK) {
    const slice = values.slice(at, at + CHUNK);
    const places = slice.map(() => '?').join(', ');
    await sql.run(`delete from ${table} where workspace = ? and ${column} in (${places})`, [workspace, ...slice]);
  }
}

/** Points go by the number of their series, which is all that they have. */
async function removeRuns(sql: SqlRunner, workspace: string, runIds: readonly string[]): Promise<void> {
  const head = 'select cast(series as text) as series from tracking_metric_series where workspace = ? and run_id';
  const series = await selectIn<{ series: string }>(sql, { head }, [workspace], runIds);
  const numbers = series.map((row) => BigInt(row.series));
  await removeIn(sql, workspace, ['tracking_metric_point', 'series'], numbers);
  const tables = ['metric_series', 'param', 'tag', 'input', 'run_model', 'run'];
  for (const table of tables) await removeIn(sql, workspace, [`tracking_${table}`, 'run_id'], runIds);
}

async function removeModels(sql: SqlRunner, workspace: string, modelIds: readonly string[]): Promise<void> {
  const tables = ['logged_model_param', 'logged_model_tag', 'logged_model_metric', 'run_model', 'logged_model'];
  for (const table of tables) await removeIn(sql, workspace, [`tracking_${table}`, 'model_id'], modelIds);
}

/** Everything is removed in the transaction that notes whose files have to go. */
export function purgeWrites({ sql, now }: Pick<Transaction, 'sql' | 'now'>, workspace: string): PurgeWrites {
  const note = (...segments: readonly string[]): Promise<unknown> =>
    insertRows(sql, NOTE, [workspace, artifactPath(workspace, 'tracking', ...segments), now]);
  const modelsWhere = async (condition: string, value: SqlValue): Promise<readonly string[]> => {
    const statement = `select model_id from tracking_logged_model where workspace = ? and ${condition} order by model_id`;
    return (await sql.all<{ model_id: string }>(statement, [workspace, value])).map(({ model_id }) => model_id);
  };
  return {
    run: async ({ runId, experimentId }) => {
      const models = await modelsWhere('deleted_time is not null and source_run_id = ?', runId);
      await removeRuns(sql, workspace, [runId]);
      await removeModels(sql, workspace, models);
      await note(experimentId.toString(), runId);
      for (const modelId of models) await note(experimentId.toString(), 'models', modelId);
    },
    model: async ({ modelId, experimentId }) => {
      await removeModels(sql, workspace, [modelId]);
      await note(experimentId.toString(), 'models', modelId);
    },
    experiment: async (id) => {
      const runs = await sql.all<{ run_id: string }>(
        'select run_id from tracking_run where workspace = ? and experiment = ? order by run_id',
        [workspace, id],
      );
      await removeRuns(
        sql,
        workspace,
        runs.map(({ run_id }) => run_id),
      );
      await removeModels(sql, workspace, await modelsWhere('experiment = ?', id));
      const own = ['tracking_dataset', 'tracking_experiment_tag'];
      for (const table of own) await removeIn(sql, workspace, [table, 'experiment'], [id]);
      await removeIn(sql, workspace, ['tracking_experiment', 'id'], [id]);
      await note(id.toString());
    },
  };
}
