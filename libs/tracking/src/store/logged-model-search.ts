import type { OrderTerm } from '@slipway/search';
import type { SqlRunner } from '@slipway/persistence';
import type { Page, PageRequest } from '../domain/paging.ts';
import type {
  DatasetFilter,
  LoggedModelCondition,
  LoggedModelOrderField,
  LoggedModelTextAttribute,
} from '../domain/search/logged-model-search.ts';
import type { LoggedModelQuery } from '../domain/unit-of-work.ts';
import { expressionSql, integerTestSql, keyedSql, numberTestSql, STORED_NAN, textTestSql } from './condition-sql.ts';
import { selectPage, sqlPart, type SortKey, type SqlPart } from './keyset-sql.ts';
import { MODEL_COLUMNS, type ModelRow } from './logged-model-record.ts';
import { describe } from './run-search.ts';

type Dialect = SqlRunner['dialect'];

const TEXTS: Readonly<Record<LoggedModelTextAttribute, string>> = {
  name: 'm.name',
  model_id: 'm.model_id',
  model_type: 'm.model_type',
  status: 'm.status',
  source_run_id: 'm.source_run_id',
  artifact_location: 'm.artifact_uri',
};
const TABLES = { param: 'tracking_logged_model_param', tag: 'tracking_logged_model_tag' } as const;
const OF_MODEL = 'v.workspace = m.workspace and v.model_id = m.model_id and v.key = ?';

/** A page token carries the sort keys and has a bounded length: of texts only the beginning counts, which all of them share. */
const SORTED_CHARS_MAX = 480;

/** Values on one of the datasets; no dataset is every value. */
function datasetSql(datasets: readonly DatasetFilter[]): SqlPart {
  if (datasets.length === 0) return sqlPart('1 = 1');
  const terms = datasets.map(({ name, digest }) =>
    digest === ''
      ? sqlPart('v.dataset_name = ?', name)
      : sqlPart('(v.dataset_name = ? and v.dataset_digest = ?)', name, digest),
  );
  return {
    sql: `(${terms.map(({ sql }) => sql).join(' or ')})`,
    parameters: terms.flatMap(({ parameters }) => parameters),
  };
}

function conditionSql(condition: LoggedModelCondition, datasets: SqlPart, dialect: Dialect): SqlPart {
  switch (condition.on) {
    case 'metric': {
      const rows = sqlPart(
        `select 1 from tracking_logged_model_metric v where ${OF_MODEL} and ${datasets.sql}`,
        condition.key,
        ...datasets.parameters,
      );
      return keyedSql(rows, condition.test, numberTestSql('v.value', condition.test));
    }
    case 'param':
    case 'tag': {
      const rows = sqlPart(`select 1 from ${TABLES[condition.on]} v where ${OF_MODEL}`, condition.key);
      return keyedSql(rows, condition.test, textTestSql(sqlPart('v.value'), condition.test, dialect));
    }
    case 'text':
      return textTestSql(sqlPart(TEXTS[condition.attribute]), condition.test, dialect);
    case 'time':
      return integerTestSql(`m.${condition.attribute}`, condition.test);
  }
}

/** What is absent comes last whatever the direction, so whether it is comes first. */
function sortKeys(order: readonly OrderTerm<LoggedModelOrderField>[]): readonly SortKey[] {
  const texts = order.filter(({ field }) => field.on === 'text').length;
  const keys = order.flatMap(({ field, descending }): readonly SortKey[] => {
    if (field.on === 'text') {
      const sql = `substr(${TEXTS[field.attribute]}, 1, ${Math.floor(SORTED_CHARS_MAX / texts)})`;
      return [{ sql, parameters: [], type: 'text', descending }];
    }
    if (field.on === 'time') return [{ sql: `m.${field.attribute}`, parameters: [], type: 'bigint', descending }];
    const dataset = datasetSql(field.dataset ? [field.dataset] : []);
    const value = `(select v.value from tracking_logged_model_metric v where ${OF_MODEL} and ${dataset.sql}
      order by v.step desc, v.timestamp desc, v.value desc limit 1)`;
    const parameters = [field.key, ...dataset.parameters];
    const rank = `case coalesce(${value}, ${STORED_NAN + 1n}) when ${STORED_NAN + 1n} then 2 when ${STORED_NAN} then 1 else 0 end`;
    return [
      { sql: rank, parameters, type: 'bigint', descending: false },
      { sql: `coalesce(${value}, 0)`, parameters, type: 'bigint', descending },
    ];
  });
  return [
    ...keys,
    { sql: 'm.creation_time', parameters: [], type: 'bigint', descending: true },
    { sql: 'm.model_id', parameters: [], type: 'text', descending: false },
  ];
}

/** @throws {InvalidArgumentError} on a token that is not of this search. */
export function searchLoggedModels(
  sql: SqlRunner,
  workspace: string,
  { filter, datasets, order, ...query }: LoggedModelQuery,
  page: PageRequest,
): Promise<Page<ModelRow>> {
  const experiments = [...new Set(query.experiments)].sort((left, right) => (left < right ? -1 : 1));
  const onDatasets = datasetSql(datasets);
  return selectPage<ModelRow, ModelRow>(
    sql,
    {
      query: {
        method: 'tracking.SearchLoggedModels',
        workspace,
        filter: [experiments.map(String), describe(datasets), describe(filter ?? null)],
        orderBy: describe(order),
      },
      columns: MODEL_COLUMNS,
      from: sqlPart('tracking_logged_model m'),
      where: [
        sqlPart('m.workspace = ? and m.deleted_time is null', workspace),
        sqlPart(`m.experiment in (${experiments.map(() => '?').join(', ')})`, ...experiments),
        ...(filter ? [expressionSql(filter, (condition) => conditionSql(condition, onDatasets, sql.dialect))] : []),
      ],
      keys: sortKeys(order),
      toItem: (row) => row,
    },
    page,
  );
}
