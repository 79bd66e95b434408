import { CreateBucketCommand, DeleteObjectCommand, HeadBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { FailedPreconditionError, NotFoundError, UnsupportedError } from '@slipway/kernel';
import { MultipartUpload } from './multipart-upload.ts';
import { hasReason, PRECONDITION_FAILED } from './s3-error.ts';
import type { S3Requests } from './s3-requests.ts';

/** @throws {FailedPreconditionError} when the bucket does not exist and is not to be created. */
export async function assertBucket(s3: S3Requests, create: boolean, signal: AbortSignal): Promise<void> {
  const input = { Bucket: s3.bucket };
  const exists = await s3
    .call('find the bucket', signal, (options) => s3.client.send(new HeadBucketCommand(input), options))
    .then(
      () => true,
      (error: unknown) => {
        if (error instanceof NotFoundError) return false;
        throw error;
      },
    );
  if (exists) return;
  if (!create) {
    throw new FailedPreconditionError(`the bucket '${s3.bucket}' does not exist: create it, or set createBucket`, {
      reason: 'S3_BUCKET_ABSENT',
      facts: { bucket: s3.bucket },
    });
  }
  await s3.call('create the bucket', signal, (options) =>
    s3.client.send(new CreateBucketCommand(input), options).catch((error: unknown) => {
      // Another process of ours was faster.
      if (!(error instanceof Error) || error.name !== 'BucketAlreadyOwnedByYou') throw error;
    }),
  );
}

/**
 * Whether the server honours `If-None-Match: *`, for whole objects and for completed uploads (several honour only the first, and some neither: they
 * overwrite without a word). Two stores that create the same path would then both be told that they have won.
 * @throws {UnsupportedError} when it does not.
 */
export async function assertConditionalWrites(s3: S3Requests, key: string, signal: AbortSignal): Promise<void> {
  const input = { Bucket: s3.bucket, Key: key, Body: Buffer.from('probe'), IfNoneMatch: '*' };
  const put = (): Promise<unknown> =>
    s3.call('try a conditional write', signal, (options) => s3.client.send(new PutObjectCommand(input), options));
  try {
    await put();
    if (!(await isRefused(put))) throw notConditional('PutObject');
    const upload = await MultipartUpload.begin(s3, key, {}, signal);
    try {
      upload.send(Buffer.from('probe'), () => undefined);
      if (!(await isRefused(() => upload.complete({ IfNoneMatch: '*' }))))
        throw notConditional('CompleteMultipartUpload');
    } finally {
      await upload.abort();
    }
  } finally {
    const command = new DeleteObjectCommand({ Bucket: s3.bucket, Key: key });
    const own = AbortSignal.timeout(s3.timeoutMs);
    await s3.call('remove the probe', own, (options) => s3.client.send(command, options)).catch(() => undefined); // a later open does
  }
}

async function isRefused(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return false;
  } catch (error) {
    if (hasReason(error, PRECONDITION_FAILED)) return true;
    throw error;
  }
}

const notConditional = (operation: string): UnsupportedError =>
  new UnsupportedError(
    `this S3 server ignores 'If-None-Match: *' in ${operation}, so it cannot keep two writers from creating the same artifact: use a server that honours it`,
    { reason: 'S3_CONDITIONAL_WRITES_UNSUPPORTED', facts: { operation } },
  );
