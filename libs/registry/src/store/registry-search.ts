import {
  decodePageToken,
  encodePageToken,
  toKeyset,
  toOrderBy,
  type PageKey,
  type PageQuery,
  type Snapshot,
} from '@slipway/persistence';
import { InvalidArgumentError } from '@slipway/kernel';
import type { ModelVersion } from '../domain/model-version.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import type { RegisteredModel } from '../domain/registered-model.ts';
import { PAGE_SIZE_BUDGET, SCAN_ROWS_MAX, sizeOfModel, sizeOfVersion } from '../domain/search/page-budget.ts';
import type { RegistrySearch, SortField } from '../domain/search/registry-search.ts';
import { ModelRow, VersionRow } from './entities.ts';
import { modelOf, versionOf } from './rows.ts';

const BATCH_ROWS = 500;
const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em'>;

interface Query {
  readonly where: Record<string, unknown>;
  readonly orderBy: Partial<Record<string, 'asc' | 'desc'>>[];
  readonly limit: number;
}

interface Scan<Item> {
  readonly list: string;
  readonly workspace: string;
  readonly search: RegistrySearch<Item>;
  readonly sizeOf: (item: Item) => number;
  readonly find: (query: Query) => Promise<readonly Item[]>;
}

/** Models that match, in the order of the search. */
export const searchModels =
  ({ em }: Reader, workspace: string) =>
  (search: RegistrySearch<RegisteredModel>, page: PageRequest): Promise<Page<RegisteredModel>> => {
    const narrow = { workspace, deleted: false, ...(search.name !== undefined && { name: search.name }) };
    return scan(
      {
        list: 'search models',
        workspace,
        search,
        sizeOf: sizeOfModel,
        find: async ({ where, ...query }) => {
          const rows = await em.find(ModelRow, { $and: [narrow, where] }, { ...query, ...UNTRACKED });
          return rows.map(modelOf);
        },
      },
      page,
    );
  };

/** Versions that match, in the order of the search. */
export const searchVersions =
  ({ em }: Reader, workspace: string) =>
  (search: RegistrySearch<ModelVersion>, page: PageRequest): Promise<Page<ModelVersion>> => {
    const narrow = {
      workspace,
      ...(search.name !== undefined && { model: search.name }),
      ...(search.runIds && { runId: { $in: [...search.runIds] } }),
    };
    return scan(
      {
        list: 'search versions',
        workspace,
        search,
        sizeOf: sizeOfVersion,
        find: async ({ where, ...query }) => {
          const rows = await em.find(VersionRow, { $and: [narrow, where] }, { ...query, ...UNTRACKED });
          return rows.map(versionOf);
        },
      },
      page,
    );
  };

/** Reads batch after batch in the order of the search until the page is full, or enough was looked at. */
async function scan<Item extends object>(
  { list, workspace, search, sizeOf, find }: Scan<Item>,
  { pageSize, pageToken }: PageRequest,
): Promise<Page<Item>> {
  const { order } = search;
  const query: PageQuery = { method: list, workspace, filter: search.identity, orderBy: JSON.stringify(order) };
  let keys = checked(decodePageToken(query, pageToken), order);
  const items: Item[] = [];
  let size = 0;
  for (let scanned = 0; scanned < SCAN_ROWS_MAX; scanned += BATCH_ROWS) {
    const rows = await find({ where: toKeyset(order, keys), orderBy: toOrderBy(order), limit: BATCH_ROWS });
    for (const [index, row] of rows.entries()) {
      keys = order.map(({ field }) => (row as Record<SortField, PageKey>)[field]);
      if (!search.matches(row)) continue;
      items.push(row);
      size += sizeOf(row);
      const isLast = rows.length < BATCH_ROWS && index === rows.length - 1;
      if (items.length < pageSize && size < PAGE_SIZE_BUDGET) continue;
      return isLast ? { items } : { items, nextPageToken: encodePageToken(query, keys) };
    }
    if (rows.length < BATCH_ROWS) return { items };
  }
  return { items, nextPageToken: encodePageToken(query, keys ?? []) };
}

/** A token made by hand would be a bug of ours to the columns. */
function checked(keys: readonly PageKey[] | undefined, order: RegistrySearch<never>['order']) {
  const fits = keys?.every((key, index) => {
    const field = order[index]?.field;
    return typeof key === (field === 'name' || field === 'model' ? 'string' : 'bigint');
  });
  if (fits !== false) return keys;
  throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
    reason: 'PAGE_TOKEN_INVALID',
  });
}
