import { InvalidArgumentError, parseInt64 } from '@slipway/kernel';
import type { Page, PageRequest } from '../domain/paging.ts';

/** Where a page ends: the values of the order's columns. */
export type Key = readonly (string | bigint)[];

/** A list in a total order. */
export interface Keyset<Row> {
  /** Tells this list from every other one: a token of another list is refused. */
  readonly list: string;
  /** Columns of the order, the last one making it total; text in the order of the database. */
  readonly fields: readonly string[];
  readonly descending: boolean;
  keyOf(row: Row): Key;
}

/** What a query of one page needs; `limit` is one more than the page, which tells whether there is another. */
export interface PageQuery {
  readonly where: Record<string, unknown>;
  readonly orderBy: Record<string, 'asc' | 'desc'>[];
  readonly limit: number;
}

/** @throws {InvalidArgumentError} on a token that is not of this list. */
export function pageQuery<Row>(
  { list, fields, descending }: Keyset<Row>,
  { pageSize, pageToken }: PageRequest,
): PageQuery {
  const operator = descending ? '$lt' : '$gt';
  const direction = descending ? 'desc' : 'asc';
  const after = pageToken === '' ? undefined : readToken(pageToken, list, fields.length);
  const beyond = after?.map((value, index) => ({
    ...Object.fromEntries(fields.slice(0, index).map((field, at) => [field, after[at]])),
    [fields[index] ?? '']: { [operator]: value },
  }));
  return {
    where: beyond ? { $or: beyond } : {},
    orderBy: fields.map((field) => ({ [field]: direction })),
    limit: pageSize + 1,
  };
}

/** @param rows what `pageQuery` found. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  { list, keyOf }: Keyset<Row>,
  { pageSize }: PageRequest,
  toItem: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, pageSize).map(toItem);
  const last = rows[pageSize - 1];
  return rows.length > pageSize && last !== undefined
    ? { items, nextPageToken: writeToken(list, keyOf(last)) }
    : { items };
}

/** An int64 is told from a text by its form: `["models name", "flights"]`, `["moves", {"int": "7"}]`. */
const writeToken = (list: string, key: Key): string => {
  const parts = key.map((value) => (typeof value === 'bigint' ? { int: value.toString() } : value));
  return Buffer.from(JSON.stringify([list, ...parts])).toString('base64url');
};

function readToken(token: string, list: string, parts: number): Key {
  try {
    const [name, ...key] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as unknown[];
    if (name === list && key.length === parts) return key.map(readPart);
  } catch {
    // falls through: whatever is wrong with it, it is not one of ours
  }
  throw InvalidArgumentError.of('page_token', 'is not a token of this list; begin again without one');
}

const readPart = (part: unknown): string | bigint =>
  typeof part === 'string' ? part : parseInt64(String((part as { int?: unknown }).int));
