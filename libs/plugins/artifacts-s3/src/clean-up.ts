import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import type { Keys } from './keys.ts';
import type { S3Requests } from './s3-requests.ts';

/** Bounds the time an `open` takes; what is beyond is left to the next one. */
const REMOVALS_MAX = 1_000;

/**
 * Removes uploads and staged content that began before `olderThan`. S3 knows no process that has died, so age decides; a writer that is slower than
 * that fails, its path stays as it was.
 * @returns how many were removed.
 */
export async function removeStale(s3: S3Requests, keys: Keys, olderThan: Date, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (const prefix of [keys.objects, keys.staging, keys.probe])
    removed += await abortUploads(s3, prefix, olderThan, signal);
  for (const prefix of [keys.staging, keys.probe]) removed += await removeObjects(s3, prefix, olderThan, signal);
  return removed;
}

async function abortUploads(s3: S3Requests, prefix: string, olderThan: Date, signal: AbortSignal): Promise<number> {
  const list = new ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix: prefix, MaxUploads: REMOVALS_MAX });
  const { Uploads } = await s3.call('list uploads', signal, (options) => s3.client.send(list, options));
  const stale = (Uploads ?? []).filter(({ Initiated }) => Initiated !== undefined && Initiated < olderThan);
  for (const { Key, UploadId } of stale) {
    const command = new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key, UploadId });
    await s3.call('abort a stale upload', signal, (options) => s3.client.send(command, options));
  }
  return stale.length;
}

async function removeObjects(s3: S3Requests, prefix: string, olderThan: Date, signal: AbortSignal): Promise<number> {
  const list = new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: prefix, MaxKeys: REMOVALS_MAX });
  const { Contents } = await s3.call('list staged content', signal, (options) => s3.client.send(list, options));
  const stale = (Contents ?? []).filter(({ LastModified }) => LastModified !== undefined && LastModified < olderThan);
  for (const { Key } of stale) {
    const command = new DeleteObjectCommand({ Bucket: s3.bucket, Key });
    await s3.call('remove staged content', signal, (options) => s3.client.send(command, options));
  }
  return stale.length;
}
