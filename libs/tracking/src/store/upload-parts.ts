import { createHash } from 'node:crypto';
import { ExhaustedError, NotFoundError } from '@slipway/kernel';
import { artifactPath, type ArtifactInfo, type ArtifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { artifactTooLarge, uploadPartsMismatch } from '../domain/errors.ts';
import type { StoredPart, UploadKey, UploadParts } from '../domain/multipart.ts';

const PAGE_SIZE = 1_000;
/** As wide as the largest number, so that the order of keys is that of numbers. */
const DIGITS = 5;
const DELETES_AT_ONCE = 16;

/** No experiment has that name: theirs are numbers. */
const folderOf = ({ workspace, uploadId }: UploadKey): ArtifactPath =>
  artifactPath(workspace, 'tracking', 'uploads', uploadId);
const placeOf = (upload: UploadKey, part: number): ArtifactPath =>
  artifactPath(folderOf(upload), part.toString().padStart(DIGITS, '0'));

const partOf = ({ path, bytes, sha256 }: ArtifactInfo): StoredPart => ({
  part: Number(path.slice(-DIGITS)),
  bytes,
  sha256,
});

/** Parts in an artifact store, each of them a file of its own until the upload is over. */
export const createUploadParts = (artifacts: ArtifactStore): UploadParts => {
  const infosOf = async (upload: UploadKey, signal: AbortSignal): Promise<readonly ArtifactInfo[]> => {
    const infos: ArtifactInfo[] = [];
    for (let pageToken: string | undefined; ;) {
      const request = { pageSize: PAGE_SIZE, ...(pageToken === undefined ? {} : { pageToken }) };
      const page = await artifacts.list(folderOf(upload), request, signal);
      infos.push(...page.items);
      pageToken = page.nextPageToken;
      if (pageToken === undefined) return infos;
    }
  };
  return {
    write: async (upload, part, content, bytesMax, signal) => {
      try {
        return partOf(await artifacts.write(placeOf(upload, part), content, { bytesMax }, signal));
      } catch (error) {
        if (!(error instanceof ExhaustedError) || error.reason !== 'ARTIFACT_TOO_LARGE') throw error;
        throw artifactTooLarge(`part ${part}`, bytesMax);
      }
    },
    list: async (upload, signal) => (await infosOf(upload, signal)).map(partOf),
    join: async function* (upload, parts, signal) {
      for (const { part, sha256 } of parts) {
        const hash = createHash('sha256');
        for await (const chunk of await readPart(artifacts, placeOf(upload, part), part, signal)) {
          hash.update(chunk);
          yield chunk;
        }
        if (hash.digest('hex') !== sha256)
          throw uploadPartsMismatch(`part ${part} is not what was named; upload it again`);
      }
    },
    remove: async (upload, signal) => {
      const infos = await infosOf(upload, signal);
      for (let at = 0; at < infos.length; at += DELETES_AT_ONCE) {
        await Promise.all(infos.slice(at, at + DELETES_AT_ONCE).map(({ path }) => artifacts.delete(path, signal)));
      }
    },
  };
};

async function readPart(
  artifacts: ArtifactStore,
  place: ArtifactPath,
  part: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await artifacts.read(place, undefined, signal);
  } catch (error) {
    if (error instanceof NotFoundError) throw uploadPartsMismatch(`part ${part} is not there; upload it first`);
    throw error;
  }
}
