import type { SqlRunner } from '@slipway/persistence';
import { defaultArtifactLocation } from '../domain/experiment-location.ts';
import type { Experiment } from '../domain/experiment.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import { experimentChars } from '../domain/run-projection.ts';
import type { ExperimentCondition } from '../domain/search/conditions.ts';
import type { ExperimentQuery } from '../domain/unit-of-work.ts';
import { selectIn } from './bulk.ts';
import { expressionSql, integerTestSql, keyedSql, textTestSql } from './condition-sql.ts';
import { selectRows, sqlPart, type SortKey, type SqlPart } from './keyset-sql.ts';
import { describe, viewSql } from './run-search.ts';

/** Of `tracking_experiment e`; 64-bit integers as text. */
const COLUMNS = `cast(e.id as text) as id, e.name, e.deleted, cast(e.creation_time as text) as creation_time,
  cast(e.last_update_time as text) as last_update_time, e.principal,
  e.artifact_location`;

interface ExperimentRow {
  readonly id: string;
  readonly name: string;
  readonly deleted: boolean | number;
  readonly creation_time: string;
  readonly last_update_time: string;
  readonly principal: string;
  readonly artifact_location: string | null;
}

/** With their tags, in their order. */
async function withTags(
  sql: SqlRunner,
  workspace: string,
  rows: readonly ExperimentRow[],
): Promise<readonly Experiment[]> {
  const head = `select cast(experiment as text) as experiment, key, value from tracking_experiment_tag where workspace = ? and experiment`;
  const ids = rows.map(({ id }) => BigInt(id));
  const tags = await selectIn<{ experiment: string; key: string; value: string }>(sql, { head }, [workspace], ids);
  const byExperiment = Map.groupBy(tags, ({ experiment }) => experiment);
  return rows.map((row) => ({
    id: BigInt(row.id),
    name: row.name,
    deleted: Boolean(row.deleted),
    tags: Object.fromEntries((byExperiment.get(row.id) ?? []).map(({ key, value }) => [key, value])),
    creationTime: BigInt(row.creation_time),
    lastUpdateTime: BigInt(row.last_update_time),
    principal: row.principal,
    artifactLocation: row.artifact_location ?? defaultArtifactLocation(BigInt(row.id)),
  }));
}

/** @param where of `tracking_experiment e`. @param lock of the row, e.g. `for update`. */
export async function readExperiment(
  sql: SqlRunner,
  workspace: string,
  where: SqlPart,
  lock = '',
): Promise<Experiment | undefined> {
  const statement = `select ${COLUMNS} from tracking_experiment e where e.workspace = ? and ${where.sql} ${lock}`;
  const rows = await sql.all<ExperimentRow>(statement, [workspace, ...where.parameters]);
  return (await withTags(sql, workspace, rows))[0];
}

function conditionSql(condition: ExperimentCondition, dialect: SqlRunner['dialect']): SqlPart {
  if (condition.on === 'name') return textTestSql(sqlPart('e.name'), condition.test, dialect);
  if (condition.on === 'time') return integerTestSql(`e.${condition.attribute}`, condition.test);
  const rows = sqlPart(
    'select 1 from tracking_experiment_tag v where v.workspace = e.workspace and v.experiment = e.id and v.key = ?',
    condition.key,
  );
  return keyedSql(rows, condition.test, textTestSql(sqlPart('v.value'), condition.test, dialect));
}

/** Experiments whose tags are read at once. */
const TAGS_AT_ONCE = 500;

/** A page ends when it is full or long. @throws {InvalidArgumentError} on a token that is not of this search. */
export async function searchExperiments(
  sql: SqlRunner,
  workspace: string,
  { filter, view, order, charsMax }: ExperimentQuery,
  page: PageRequest,
): Promise<Page<Experiment>> {
  const keys = order.map(({ field, descending }): SortKey => {
    const column = field === 'experiment_id' ? 'e.id' : `e.${field}`;
    return { sql: column, parameters: [], type: field === 'name' ? 'text' : 'bigint', descending };
  });
  const { items, nextPageToken, tokenAfter } = await selectRows<ExperimentRow, ExperimentRow>(
    sql,
    {
      query: {
        method: 'tracking.SearchExperiments',
        workspace,
        filter: [view, describe(filter ?? null)],
        orderBy: describe(order),
      },
      columns: COLUMNS,
      from: sqlPart('tracking_experiment e'),
      where: [
        sqlPart('e.workspace = ?', workspace),
        ...viewSql(view, 'e'),
        ...(filter ? [expressionSql(filter, (condition) => conditionSql(condition, sql.dialect))] : []),
      ],
      keys: [...keys, { sql: 'e.id', parameters: [], type: 'bigint', descending: true }],
      toItem: (row) => row,
    },
    page,
  );
  const found: Experiment[] = [];
  let chars = 0;
  for (let at = 0; at < items.length; at += TAGS_AT_ONCE) {
    for (const experiment of await withTags(sql, workspace, items.slice(at, at + TAGS_AT_ONCE))) {
      chars += experimentChars(experiment);
      if (chars > charsMax && found.length > 0) return { items: found, nextPageToken: tokenAfter(found.length - 1) };
      found.push(experiment);
    }
  }
  return { items: found, ...(nextPageToken === undefined ? {} : { nextPageToken }) };
}
