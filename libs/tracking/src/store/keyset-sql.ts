import { InvalidArgumentError } from '@slipway/kernel';
import {
  decodePageToken,
  encodePageToken,
  type PageKey,
  type PageQuery,
  type SqlRunner,
  type SqlValue,
} from '@slipway/persistence';
import type { Page, PageRequest } from '../domain/paging.ts';

/** SQL with `?` for its parameters, in order. */
export interface SqlPart {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

export const sqlPart = (sql: string, ...parameters: readonly SqlValue[]): SqlPart => ({ sql, parameters });

/** One expression of a total order; it is never null. */
export interface SortKey extends SqlPart {
  readonly type: 'bigint' | 'text';
  readonly descending: boolean;
}

/** A list in a total order. */
export interface KeysetList<Row, Item> {
  /** Tells this list from every other one: a token of another list is refused. */
  readonly query: PageQuery;
  /** Selects `columns` from what follows `from`; the sort keys are expressions over it. */
  readonly columns: string;
  readonly from: SqlPart;
  readonly where: readonly SqlPart[];
  /** The last one makes the order total. */
  readonly keys: readonly SortKey[];
  toItem(row: Row): Item;
}

const TYPES = { bigint: 'bigint', text: 'string' } as const;

/** `after` in the order of the keys: greater in the first of them that differs. */
function afterClause(keys: readonly SortKey[], after: readonly PageKey[]): SqlPart {
  const branches = keys.map((key, index): SqlPart => {
    const equal = keys.slice(0, index).map((_, at) => `k${at} = ?`);
    const beyond = `k${index} ${key.descending ? '<' : '>'} ?`;
    return { sql: `(${[...equal, beyond].join(' and ')})`, parameters: after.slice(0, index + 1) as SqlValue[] };
  });
  return {
    sql: branches.map(({ sql }) => sql).join(' or '),
    parameters: branches.flatMap(({ parameters }) => parameters),
  };
}

/** A page that may be cut short. */
export interface KeysetRows<Item> extends Page<Item> {
  /** The token of a page that ends with this one of the items. */
  readonly tokenAfter: (index: number) => string;
}

/** @throws {InvalidArgumentError} on a token that is not of this list. */
export async function selectPage<Row extends object, Item>(
  sql: SqlRunner,
  list: KeysetList<Row, Item>,
  page: PageRequest,
): Promise<Page<Item>> {
  const { items, nextPageToken } = await selectRows(sql, list, page);
  return nextPageToken === undefined ? { items } : { items, nextPageToken };
}

/** As `selectPage`. @throws {InvalidArgumentError} on a token that is not of this list. */
export async function selectRows<Row extends object, Item>(
  sql: SqlRunner,
  list: KeysetList<Row, Item>,
  { pageSize, pageToken }: PageRequest,
): Promise<KeysetRows<Item>> {
  const { keys, query } = list;
  const after = decodePageToken(query, pageToken);
  if (
    after &&
    (after.length !== keys.length || after.some((key, at) => typeof key !== TYPES[keys[at]?.type ?? 'text']))
  ) {
    throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
      reason: 'PAGE_TOKEN_INVALID',
    });
  }
  const condition = after ? afterClause(keys, after) : sqlPart('1 = 1');
  const inner = `select ${list.columns}, ${keys.map((key, at) => `${key.sql} as k${at}`).join(', ')} from ${list.from.sql}
    where ${list.where.map((part) => `(${part.sql})`).join(' and ')}`;
  const order = keys.map((key, at) => `k${at} ${key.descending ? 'desc' : 'asc'}`).join(', ');
  const texts = keys.map((key, at) =>
    key.type === 'bigint' ? `, cast(q.k${at} as text) as t${at}` : `, q.k${at} as t${at}`,
  );
  const parameters = [
    ...keys.flatMap((key) => key.parameters),
    ...list.from.parameters,
    ...list.where.flatMap((part) => part.parameters),
    ...condition.parameters,
    pageSize + 1,
  ];
  const rows = await sql.all<Row & Record<`t${number}`, string>>(
    `select q.*${texts.join('')} from (${inner}) q where ${condition.sql} order by ${order} limit cast(? as integer)`,
    parameters,
  );
  const items = rows.slice(0, pageSize).map((row) => list.toItem(row));
  const tokenAfter = (index: number): string => {
    const row = rows[index];
    if (!row) throw new Error('a page ends with one of its rows');
    const tokenKeys = keys.map((key, at): PageKey => {
      const text = String(row[`t${at}`]);
      return key.type === 'bigint' ? BigInt(text) : text;
    });
    return encodePageToken(query, tokenKeys);
  };
  return { items, tokenAfter, ...(rows.length > pageSize ? { nextPageToken: tokenAfter(pageSize - 1) } : {}) };
}
