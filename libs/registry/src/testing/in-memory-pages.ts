import { InvalidArgumentError } from '@slipway/kernel';
import type { Page, PageRequest } from '../domain/paging.ts';
import type { RegistrySearch, SortField } from '../domain/search/registry-search.ts';

type Key = readonly (string | bigint)[];

/** One page of `rows` in the order of their keys. @param list what the token belongs to: a token of another list is refused. */
export function pageOfRows<Row>(
  rows: readonly Row[],
  { pageSize, pageToken }: PageRequest,
  { list, keyOf, descending }: { list: string; keyOf: (row: Row) => Key; descending: boolean },
): Page<Row> {
  const sign = descending ? -1 : 1;
  const sorted = [...rows].sort((left, right) => sign * compareKeys(keyOf(left), keyOf(right)));
  const after = pageToken === '' ? undefined : readToken(pageToken, list);
  const rest = after ? sorted.filter((row) => sign * compareKeys(keyOf(row), after) > 0) : sorted;
  const items = rest.slice(0, pageSize);
  const last = items.at(-1);
  return rest.length > items.length && last ? { items, nextPageToken: writeToken(list, keyOf(last)) } : { items };
}

/** One page of the rows that a search gives. */
export function pageOfSearch<Row extends object>(
  rows: readonly Row[],
  { identity, order, matches }: RegistrySearch<Row>,
  { pageSize, pageToken }: PageRequest,
): Page<Row> {
  const list = JSON.stringify(identity);
  const keyOf = (row: Row): Key => order.map(({ field }) => (row as Record<SortField, string | bigint>)[field]);
  const compare = (left: Key, right: Key): number => {
    const at = order.findIndex((_, index) => left[index] !== right[index]);
    const sign = order[at]?.direction === 'desc' ? -1 : 1;
    return at < 0 ? 0 : sign * compareKeys([left[at] ?? ''], [right[at] ?? '']);
  };
  const after = pageToken === '' ? undefined : readToken(pageToken, list);
  const found = rows
    .filter((row) => matches(row) && (!after || compare(keyOf(row), after) > 0))
    .sort((left, right) => compare(keyOf(left), keyOf(right)));
  const items = found.slice(0, pageSize);
  const last = items.at(-1);
  return found.length > items.length && last ? { items, nextPageToken: writeToken(list, keyOf(last)) } : { items };
}

export function compareKeys(left: Key, right: Key): number {
  for (const [index, part] of left.entries()) {
    const other = right[index] ?? '';
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}

const writeToken = (list: string, key: Key): string =>
  Buffer.from(JSON.stringify([list, ...key.map((part) => (typeof part === 'bigint' ? { int: part.toString() } : part))])).toString('base64url'); // prettier-ignore

function readToken(token: string, list: string): Key {
  try {
    const [name, ...key] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as [string, ...unknown[]];
    if (name === list)
      return key.map((part) => (typeof part === 'string' ? part : BigInt((part as { int: string }).int)));
  } catch {
    // falls through: whatever is wrong with it, it is not one of ours
  }
  throw InvalidArgumentError.of('page_token', 'is not a token of this list');
}
