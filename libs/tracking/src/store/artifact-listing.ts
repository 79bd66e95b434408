import { InvalidArgumentError } from '@slipway/kernel';
import { decodePageToken, encodePageToken, type PageQuery } from '@slipway/persistence';
import type { ArtifactInfo, ArtifactStore } from '@slipway/plugin-kit';
import type { ArtifactFile } from '../domain/artifact-files.ts';
import type { ArtifactHome } from '../domain/artifact-home.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import { placeOf, unescapeName } from './artifact-keys.ts';

interface Folder {
  readonly workspace: string;
  readonly home: ArtifactHome;
  /** Empty for the root. */
  readonly folder: string;
}

/** Pages of the store that one call looks at: a folder with a million files below it is one entry, but is read to its end. */
const STORE_PAGES_MAX = 20;
const STORE_PAGE_SIZE = 1_000;

/**
 * The store lists all paths below a prefix in byte order; those with the same next segment are neighbours and become one folder.
 * A token says where in the list of the store to go on, and after which entry.
 */
export async function listFolder(
  artifacts: ArtifactStore,
  { workspace, home, folder }: Folder,
  { pageSize, pageToken }: PageRequest,
  signal: AbortSignal,
): Promise<Page<ArtifactFile>> {
  const prefix = placeOf(workspace, home, folder);
  const filter = [home.kind, home.id, folder];
  const query: PageQuery = { method: 'tracking.ListArtifacts', workspace, filter, orderBy: '' };
  const [startToken, startAfter] = readToken(query, pageToken);
  const items: ArtifactFile[] = [];
  let storeToken = startToken;
  let last = startAfter;
  const pageBefore = () => ({ items: items.sort(byName), nextPageToken: encodePageToken(query, [storeToken, last]) });
  for (let pages = 0; pages < STORE_PAGES_MAX; pages += 1) {
    const request = { pageSize: STORE_PAGE_SIZE, ...(storeToken === '' ? {} : { pageToken: storeToken }) };
    const found = await artifacts.list(prefix, request, signal);
    for (const info of found.items) {
      const entry = entryOf(info.path.slice(prefix.length + 1));
      if (last !== '' && entry <= last) continue; // told already; keys are ASCII, so this is their order
      if (items.length === pageSize) return pageBefore();
      items.push(toFile(folder, entry, info));
      last = entry;
    }
    if (found.nextPageToken === undefined) return { items: items.sort(byName) };
    storeToken = found.nextPageToken;
  }
  return pageBefore();
}

/** `name` of a file, `name/` of a folder: so they sort as the store sorts what is in them. */
const entryOf = (below: string): string => {
  const slash = below.indexOf('/');
  return slash === -1 ? below : below.slice(0, slash + 1);
};

function toFile(folder: string, entry: string, { bytes, sha256 }: ArtifactInfo): ArtifactFile {
  const isDirectory = entry.endsWith('/');
  const name = unescapeName(isDirectory ? entry.slice(0, -1) : entry);
  const path = folder === '' ? name : `${folder}/${name}`;
  return isDirectory ? { path, isDirectory, bytes: 0n, sha256: '' } : { path, isDirectory, bytes, sha256 };
}

const sortKey = ({ path, isDirectory }: ArtifactFile): Buffer => Buffer.from(isDirectory ? `${path}/` : path, 'utf8');
const byName = (left: ArtifactFile, right: ArtifactFile): number => Buffer.compare(sortKey(left), sortKey(right));

function readToken(query: PageQuery, token: string): readonly [storeToken: string, after: string] {
  const keys = decodePageToken(query, token);
  if (!keys) return ['', ''];
  const [storeToken, after] = keys;
  if (typeof storeToken === 'string' && typeof after === 'string') return [storeToken, after];
  throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
    reason: 'PAGE_TOKEN_INVALID',
  });
}
