import { createHash } from 'node:crypto';
import { DataLossError, ExhaustedError, NotFoundError } from '@slipway/kernel';
import type { ArtifactInfo, ArtifactPath, ArtifactStore, ByteRange } from '@slipway/plugin-kit';
import type { ArtifactFile, ArtifactFiles, FileRange, OpenedFile } from '../domain/artifact-files.ts';
import type { ArtifactHome } from '../domain/artifact-home.ts';
import {
  artifactLost,
  artifactNotFound,
  artifactReplaced,
  artifactTooLarge,
  rangeBeyondEnd,
} from '../domain/errors.ts';
import { placeOf } from './artifact-keys.ts';
import { listFolder } from './artifact-listing.ts';

/** Files of runs and logged models in an artifact store, which is opened and closed by whoever made it. */
export const createArtifactFiles = (artifacts: ArtifactStore): ArtifactFiles => ({
  checkPath: (workspace, home, path) => void placeOf(workspace, home, path),
  write: async (workspace, home, path, content, bytesMax, signal) => {
    try {
      const info = await artifacts.write(placeOf(workspace, home, path), content, { bytesMax }, signal);
      return fileOf(path, info);
    } catch (error) {
      if (error instanceof ExhaustedError && error.reason === 'ARTIFACT_TOO_LARGE')
        throw artifactTooLarge(path, bytesMax);
      throw error;
    }
  },
  open: (workspace, home, path, range, signal) => {
    return openFile({ artifacts, place: placeOf(workspace, home, path), home, path, signal }, range);
  },
  list: (workspace, home, folder, page, signal) => listFolder(artifacts, { workspace, home, folder }, page, signal),
  delete: (workspace, home, path, signal) => deleteBelow(artifacts, placeOf(workspace, home, path), signal),
});

export const fileOf = (path: string, { bytes, sha256 }: ArtifactInfo): ArtifactFile => ({
  path,
  isDirectory: false,
  bytes,
  sha256,
});

interface Source {
  readonly artifacts: ArtifactStore;
  readonly place: ArtifactPath;
  readonly home: ArtifactHome;
  readonly path: string;
  readonly signal: AbortSignal;
}

async function openFile(source: Source, range: FileRange | undefined): Promise<OpenedFile> {
  const { artifacts, place, home, path, signal } = source;
  const info = await artifacts.stat(place, signal);
  if (!info) throw artifactNotFound(home.resource, path);
  if (range && range.offset >= info.bytes) throw rangeBeyondEnd(path, range.offset, info.bytes);
  return { file: fileOf(path, info), content: readContent(source, info, range && byteRange(range, info.bytes)) };
}

/** Offsets of files that fit on a disk are exact as numbers. */
function byteRange({ offset, length }: FileRange, bytes: bigint): ByteRange {
  const rest = bytes - offset;
  return { offset: Number(offset), length: Number(length === undefined || length > rest ? rest : length) };
}

/** Holds each chunk back until the next one has come: the last one is handed out once the whole is known to be right. */
async function* readContent(
  { artifacts, place, home, path, signal }: Source,
  info: ArtifactInfo,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const hash = range ? undefined : createHash('sha256');
    let held: Uint8Array | undefined;
    for await (const chunk of await artifacts.read(place, range, signal)) {
      hash?.update(chunk);
      if (held) yield held;
      held = chunk;
    }
    const isRight = hash === undefined || hash.digest('hex') === info.sha256;
    // a part has no digest of its own, so it is asked whether the file is still the one that was told
    if (!isRight || range) {
      const now = await artifacts.stat(place, signal);
      if (now?.sha256 !== info.sha256) throw artifactReplaced(path);
    }
    if (!isRight) throw artifactLost(path, undefined);
    if (held) yield held;
  } catch (error) {
    if (error instanceof NotFoundError) throw artifactNotFound(home.resource, path);
    if (error instanceof DataLossError && error.reason !== 'ARTIFACT_LOST') throw artifactLost(path, error);
    throw error;
  }
}

const PAGE_SIZE = 1_000;
const DELETES_AT_ONCE = 16;

async function deleteBelow(artifacts: ArtifactStore, place: ArtifactPath, signal: AbortSignal): Promise<number> {
  let files = 0;
  if (await artifacts.stat(place, signal)) {
    await artifacts.delete(place, signal);
    files += 1;
  }
  for (let pageToken: string | undefined; ;) {
    const page = await artifacts.list(
      place,
      { pageSize: PAGE_SIZE, ...(pageToken === undefined ? {} : { pageToken }) },
      signal,
    );
    for (let at = 0; at < page.items.length; at += DELETES_AT_ONCE) {
      await Promise.all(page.items.slice(at, at + DELETES_AT_ONCE).map(({ path }) => artifacts.delete(path, signal)));
    }
    files += page.items.length;
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return files;
  }
}
