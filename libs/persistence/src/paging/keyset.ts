import { InvalidArgumentError } from '@slipway/kernel';
import { toKeyset, toOrderBy, type OrderTerm } from './list-order.ts';
import { decodePageToken, encodePageToken, type PageQuery } from './page-token.ts';

/** What a caller asks for: a page of `pageSize` items, from the token of the page before on, empty for the first one. */
export interface KeysetPageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** One page; the token is absent on the last one. */
export interface KeysetPage<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string;
}

/** A list in a total order. */
export interface Keyset<Row> {
  readonly workspace: string;
  /** Tells this list from every other one: a token of another list is refused. */
  readonly list: string;
  /** Of the list, e.g. the model whose versions are listed. */
  readonly filter: readonly string[];
  /** Columns of the order and their types, the last one making it total; text in the order of the database. */
  readonly fields: Readonly<Record<string, 'string' | 'bigint'>>;
  readonly descending: boolean;
  keyOf(row: Row): readonly (string | bigint)[];
}

/** What a query of one page needs; `limit` is one more than the page, which tells whether there is another. */
export interface KeysetQuery {
  readonly where: Record<string, unknown>;
  readonly orderBy: Partial<Record<string, 'asc' | 'desc'>>[];
  readonly limit: number;
}

const orderOf = <Row>({ fields, descending }: Keyset<Row>): readonly OrderTerm<string>[] =>
  Object.keys(fields).map((field) => ({ field, direction: descending ? 'desc' : 'asc' }));

const bindingOf = <Row>(keyset: Keyset<Row>): PageQuery => ({
  method: keyset.list,
  workspace: keyset.workspace,
  filter: keyset.filter,
  orderBy: JSON.stringify(orderOf(keyset)),
});

/** @throws {InvalidArgumentError} on a token that is not of this list. */
export function pageQuery<Row>(keyset: Keyset<Row>, { pageSize, pageToken }: KeysetPageRequest): KeysetQuery {
  const order = orderOf(keyset);
  const keys = decodePageToken(bindingOf(keyset), pageToken);
  const types = Object.values(keyset.fields);
  if (keys?.some((key, index) => typeof key !== types[index])) {
    // made by hand; the columns would refuse it as a bug of ours
    throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
      reason: 'PAGE_TOKEN_INVALID',
    });
  }
  return { where: toKeyset(order, keys), orderBy: toOrderBy(order), limit: pageSize + 1 };
}

/** @param rows what `pageQuery` found. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  keyset: Keyset<Row>,
  { pageSize }: KeysetPageRequest,
  toItem: (row: Row) => Item,
): KeysetPage<Item> {
  const items = rows.slice(0, pageSize).map(toItem);
  const last = rows[pageSize - 1];
  if (rows.length <= pageSize || last === undefined) return { items };
  return { items, nextPageToken: encodePageToken(bindingOf(keyset), keyset.keyOf(last)) };
}
