import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Logger } from '@slipway/kernel';
import {
  readPageStart,
  toPageToken,
  type ArtifactInfo,
  type ArtifactPage,
  type ArtifactPath,
} from '@slipway/plugin-kit';
import type { Keys } from './keys.ts';
import { headObject } from './object-info.ts';
import type { S3Requests } from './s3-requests.ts';

const HEADS_AT_ONCE = 16;

/** A page of keys in one request, then one `HEAD` per object: a list of S3 does not tell metadata, and the digest is part of the answer. */
export async function listObjects(
  context: { readonly s3: S3Requests; readonly keys: Keys; readonly log: Logger },
  prefix: ArtifactPath,
  page: { readonly pageSize: number; readonly pageToken?: string },
  signal: AbortSignal,
): Promise<ArtifactPage> {
  const { s3, keys } = context;
  const after = readPageStart(prefix, page);
  const command = new ListObjectsV2Command({
    Bucket: s3.bucket,
    Prefix: `${keys.object(prefix)}/`,
    MaxKeys: page.pageSize,
    ...(after === undefined ? {} : { StartAfter: keys.object(after) }),
  });
  const output = await s3.call(`list '${prefix}'`, signal, (options) => s3.client.send(command, options));
  const paths = (output.Contents ?? []).flatMap(({ Key }) => {
    const path = keys.path(Key ?? '');
    if (path === undefined) context.log.warn({ key: Key }, 'passed over an object that is no artifact');
    return path === undefined ? [] : [path];
  });
  const items = await heads(s3, keys, paths, signal);
  const last = paths.at(-1);
  return output.IsTruncated && last !== undefined ? { items, nextPageToken: toPageToken(last) } : { items };
}

async function heads(
  s3: S3Requests,
  keys: Keys,
  paths: readonly ArtifactPath[],
  signal: AbortSignal,
): Promise<readonly ArtifactInfo[]> {
  const infos: ArtifactInfo[] = [];
  for (let first = 0; first < paths.length; first += HEADS_AT_ONCE) {
    const some = paths.slice(first, first + HEADS_AT_ONCE);
    const found = await Promise.all(some.map((path) => headObject(s3, keys.object(path), path, signal)));
    infos.push(...found.flatMap((head) => head?.info ?? [])); // absent: deleted since it was listed
  }
  return infos;
}
