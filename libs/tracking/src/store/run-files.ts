import { createHash } from 'node:crypto';
import { DataLossError, ExhaustedError, InvalidArgumentError, NotFoundError } from '@slipway/kernel';
import { decodePageToken, encodePageToken, type PageQuery } from '@slipway/persistence';
import { artifactPath, type ArtifactInfo, type ArtifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { artifactLost, artifactNotFound, artifactTooLarge } from '../domain/errors.ts';
import type { Page, PageRequest } from '../domain/paging.ts';
import type { RunFile, RunFiles } from '../domain/run-files.ts';
import type { Run } from '../domain/run.ts';

const placeOf = (workspace: string, { experimentId, runId }: Run, ...below: readonly string[]): ArtifactPath =>
  artifactPath(workspace, 'tracking', experimentId.toString(), runId, 'artifacts', ...below);

/** Files of runs in an artifact store, which is opened and closed by whoever made it. */
export const createRunFiles = (artifacts: ArtifactStore): RunFiles => ({
  checkPath: (workspace, run, path) => placeOf(workspace, run, path).slice(placeOf(workspace, run).length + 1),
  write: async (workspace, run, path, content, bytesMax, signal) => {
    try {
      const info = await artifacts.write(placeOf(workspace, run, path), content, { bytesMax }, signal);
      return fileOf(path, info);
    } catch (error) {
      if (error instanceof ExhaustedError && error.reason === 'RESOURCE_EXHAUSTED')
        throw artifactTooLarge(path, bytesMax);
      throw error;
    }
  },
  read: (workspace, run, path, signal) => readFile(artifacts, placeOf(workspace, run, path), { run, path }, signal),
  list: (workspace, run, folder, page, signal) => listFolder(artifacts, { workspace, run, folder }, page, signal),
});

const fileOf = (path: string, { bytes, sha256 }: ArtifactInfo): RunFile => ({
  path,
  isDirectory: false,
  bytes,
  sha256,
});

/** Holds each chunk back until the next one has come: the last one is handed out once the whole is known to be right. */
async function* readFile(
  artifacts: ArtifactStore,
  place: ArtifactPath,
  { run, path }: { run: Run; path: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const info = await artifacts.stat(place, signal);
    if (!info) throw artifactNotFound(run.runId, path);
    const hash = createHash('sha256');
    let held: Uint8Array | undefined;
    for await (const chunk of await artifacts.read(place, undefined, signal)) {
      hash.update(chunk);
      if (held) yield held;
      held = chunk;
    }
    if (hash.digest('hex') !== info.sha256 && !(await wasReplaced(artifacts, place, info, signal))) {
      throw artifactLost(path, undefined);
    }
    if (held) yield held;
  } catch (error) {
    if (error instanceof NotFoundError && error.reason !== 'ARTIFACT_NOT_FOUND')
      throw artifactNotFound(run.runId, path);
    if (error instanceof DataLossError && error.reason !== 'ARTIFACT_LOST') throw artifactLost(path, error);
    throw error;
  }
}

/** Another content has come between the question for the digest and the reading; the store itself checks what it reads. */
async function wasReplaced(
  artifacts: ArtifactStore,
  place: ArtifactPath,
  before: ArtifactInfo,
  signal: AbortSignal,
): Promise<boolean> {
  const now = await artifacts.stat(place, signal);
  return now?.sha256 !== before.sha256;
}

interface Folder {
  readonly workspace: string;
  readonly run: Run;
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
async function listFolder(
  artifacts: ArtifactStore,
  { workspace, run, folder }: Folder,
  { pageSize, pageToken }: PageRequest,
  signal: AbortSignal,
): Promise<Page<RunFile>> {
  const prefix = placeOf(workspace, run, ...(folder === '' ? [] : [folder]));
  const query: PageQuery = { method: 'tracking.ListArtifacts', workspace, filter: [run.runId, folder], orderBy: '' };
  const [startToken, startAfter] = readToken(query, pageToken);
  const items: RunFile[] = [];
  let storeToken = startToken;
  let last = startAfter;
  for (let pages = 0; pages < STORE_PAGES_MAX; pages += 1) {
    const request = { pageSize: STORE_PAGE_SIZE, ...(storeToken === '' ? {} : { pageToken: storeToken }) };
    const found = await artifacts.list(prefix, request, signal);
    for (const info of found.items) {
      const name = entryOf(info.path.slice(prefix.length + 1));
      if (last !== '' && Buffer.compare(Buffer.from(name), Buffer.from(last)) <= 0) continue; // told already
      if (items.length === pageSize) return { items, nextPageToken: encodePageToken(query, [storeToken, last]) };
      items.push(toFile(folder, name, info));
      last = name;
    }
    if (found.nextPageToken === undefined) return { items };
    storeToken = found.nextPageToken;
  }
  return { items, nextPageToken: encodePageToken(query, [storeToken, last]) };
}

/** `name` of a file, `name/` of a folder: so they sort as the store sorts what is in them. */
const entryOf = (below: string): string => {
  const slash = below.indexOf('/');
  return slash === -1 ? below : below.slice(0, slash + 1);
};

function toFile(folder: string, name: string, info: ArtifactInfo): RunFile {
  const isDirectory = name.endsWith('/');
  const path = `${folder === '' ? '' : `${folder}/`}${isDirectory ? name.slice(0, -1) : name}`;
  return isDirectory ? { path, isDirectory, bytes: 0n, sha256: '' } : fileOf(path, info);
}

function readToken(query: PageQuery, token: string): readonly [storeToken: string, after: string] {
  const keys = decodePageToken(query, token);
  if (!keys) return ['', ''];
  const [storeToken, after] = keys;
  if (typeof storeToken === 'string' && typeof after === 'string') return [storeToken, after];
  throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
    reason: 'PAGE_TOKEN_INVALID',
  });
}
