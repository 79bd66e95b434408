import type { OrderTerm } from '@slipway/search';
import type { SqlRunner } from '@slipway/persistence';
import type { PageRequest, View } from '../domain/paging.ts';
import type { Run } from '../domain/run.ts';
import type { RunCondition, RunOrderField, RunTextAttribute } from '../domain/search/conditions.ts';
import type { RunQuery } from '../domain/unit-of-work.ts';
import { expressionSql, integerTestSql, keyedSql, numberTestSql, STORED_NAN, textTestSql } from './condition-sql.ts';
import { selectRows, sqlPart, type KeysetRows, type SortKey, type SqlPart } from './keyset-sql.ts';
import { ARTIFACT_URI, RUN_COLUMNS, runOf, type RunRow } from './run-rows.ts';

const KEYED = { metric: 'tracking_metric_series', param: 'tracking_param', tag: 'tracking_tag' } as const;
type Dialect = SqlRunner['dialect'];
/**
 * SQLite always prefers the primary key, where every run is on a page of its own; under these indexes the values of one key lie together. A planner
 * that knows how many rows there are chooses for itself.
 */
const SQLITE_INDEX = {
  metric: 'indexed by tracking_metric_series_value',
  param: 'indexed by tracking_param_key',
  tag: '',
} as const;

const keyedAs = (on: keyof typeof KEYED, alias: string, dialect: Dialect): string =>
  `${KEYED[on]} ${alias} ${dialect === 'sqlite' ? SQLITE_INDEX[on] : ''}`;

/** A page token carries the sort keys and has a bounded length: of texts only the beginning counts, which all of them share. */
const SORTED_CHARS_MAX = 480;

const TEXTS: Readonly<Record<RunTextAttribute, string>> = {
  run_id: 'r.run_id',
  run_name: 'r.name',
  user_id: 'r.user_id',
  status: 'r.status',
  artifact_uri: ARTIFACT_URI,
};
const DATASET_COLUMNS = { name: 'v.name', digest: 'v.digest', context: 'v.context' } as const;

const ofRun = (table: string): string => `${table} where v.workspace = r.workspace and v.run_id = r.run_id`;

function conditionSql(condition: RunCondition, dialect: Dialect): SqlPart {
  switch (condition.on) {
    case 'metric': {
      const rows = sqlPart(`select 1 from ${ofRun(keyedAs('metric', 'v', dialect))} and v.key = ?`, condition.key);
      return keyedSql(rows, condition.test, numberTestSql('v.value', condition.test));
    }
    case 'param':
    case 'tag': {
      const rows = sqlPart(`select 1 from ${ofRun(keyedAs(condition.on, 'v', dialect))} and v.key = ?`, condition.key);
      return keyedSql(rows, condition.test, textTestSql(sqlPart('v.value'), condition.test, dialect));
    }
    case 'text':
      return textTestSql(sqlPart(TEXTS[condition.attribute]), condition.test, dialect);
    case 'time':
      return integerTestSql(`r.${condition.attribute}`, condition.test);
    case 'dataset': {
      const column = DATASET_COLUMNS[condition.attribute];
      const rows = sqlPart(`select 1 from ${ofRun('tracking_input v')} and ${column} is not null`);
      return keyedSql(rows, condition.test, textTestSql(sqlPart(column), condition.test, dialect));
    }
  }
}

interface Sorting {
  readonly joins: readonly SqlPart[];
  readonly keys: readonly SortKey[];
}

const key = (sql: string, type: SortKey['type'], descending: boolean): SortKey => ({
  sql,
  parameters: [],
  type,
  descending,
});

/** What is absent comes last whatever the direction, so whether it is comes first. */
function sortingOf(order: readonly OrderTerm<RunOrderField>[], dialect: Dialect): Sorting {
  const joins: SqlPart[] = [];
  const keys: SortKey[] = [];
  const texts = order.filter(({ field }) => field.on !== 'metric' && field.on !== 'time').length;
  const prefix = (column: string): string =>
    `substr(${column}, 1, ${Math.floor(SORTED_CHARS_MAX / Math.max(1, texts))})`;
  order.forEach(({ field, descending }, index) => {
    if (field.on === 'text') return keys.push(key(prefix(TEXTS[field.attribute]), 'text', descending));
    if (field.on === 'time') {
      const column = `r.${field.attribute}`;
      if (field.attribute === 'end_time')
        keys.push(key(`case when ${column} is null then 1 else 0 end`, 'bigint', false));
      return keys.push(key(`coalesce(${column}, 0)`, 'bigint', descending));
    }
    const alias = `o${index}`;
    const on = `${alias}.workspace = r.workspace and ${alias}.run_id = r.run_id and ${alias}.key = ?`;
    joins.push(sqlPart(`left join ${keyedAs(field.on, alias, dialect)} on ${on}`, field.key));
    const value = `${alias}.value`;
    if (field.on === 'metric') {
      const rank = `case when ${value} is null then 2 when ${value} = ${STORED_NAN} then 1 else 0 end`;
      return keys.push(key(rank, 'bigint', false), key(`coalesce(${value}, 0)`, 'bigint', descending));
    }
    return keys.push(
      key(`case when ${value} is null then 1 else 0 end`, 'bigint', false),
      key(`coalesce(${prefix(value)}, '')`, 'text', descending),
    );
  });
  keys.push(key('r.start_time', 'bigint', true), key('r.run_id', 'text', false));
  return { joins, keys };
}

export const viewSql = (view: View, alias: string): readonly SqlPart[] => {
  if (view === 'all') return [];
  return [sqlPart(view === 'deleted' ? `${alias}.deleted` : `not ${alias}.deleted`)];
};

/** @throws {InvalidArgumentError} on a token that is not of this search. */
export function searchRuns(
  sql: SqlRunner,
  workspace: string,
  query: RunQuery,
  page: PageRequest,
): Promise<KeysetRows<Run>> {
  const { joins, keys } = sortingOf(query.order, sql.dialect);
  const experiments = [...new Set(query.experiments)].sort((left, right) => (left < right ? -1 : 1));
  const { filter } = query;
  return selectRows<RunRow, Run>(
    sql,
    {
      query: {
        method: 'tracking.SearchRuns',
        workspace,
        filter: [experiments.map(String), query.view, describe(filter ?? null)],
        orderBy: describe(query.order),
      },
      columns: RUN_COLUMNS,
      from: {
        sql: `tracking_run r ${joins.map((join) => join.sql).join(' ')}`,
        parameters: joins.flatMap(({ parameters }) => parameters),
      },
      where: [
        sqlPart('r.workspace = ?', workspace),
        sqlPart(`r.experiment in (${experiments.map(() => '?').join(', ')})`, ...experiments),
        ...viewSql(query.view, 'r'),
        ...(filter ? [expressionSql(filter, (condition) => conditionSql(condition, sql.dialect))] : []),
      ],
      keys,
      toItem: runOf,
    },
    page,
  );
}

/** The same text for the same search. */
export const describe = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    return typeof part === 'number' ? (Object.is(part, -0) ? '-0' : String(part)) : part;
  });
