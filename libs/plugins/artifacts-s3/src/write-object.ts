import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { AlreadyExistsError, type Clock } from '@slipway/kernel';
import {
  ArtifactIntake,
  type ArtifactInfo,
  type ArtifactPath,
  type ContentDigest,
  type WriteOptions,
} from '@slipway/plugin-kit';
import type { Keys } from './keys.ts';
import { md5Of, MultipartUpload } from './multipart-upload.ts';
import { headObject, toMetadata, type ObjectMark } from './object-info.ts';
import { PartBuffers, partsOf, type Part } from './part-buffers.ts';
import { fromS3, hasReason, PRECONDITION_FAILED, UPLOAD_GONE, WRITE_IN_PROGRESS } from './s3-error.ts';
import type { S3Requests } from './s3-requests.ts';

/** Held per large write: four on their way, one being filled. */
const BUFFERS_PER_WRITE = 5;
const CONDITIONAL_ATTEMPTS_MAX = 5;
const CONDITIONAL_RETRY_MS = 50;
const COPY_PART_BYTES = 256 * 1024 * 1024; // S3 allows 5 GiB; small enough to answer within a deadline, and 10 000 of them are 2.4 TiB

export interface WriteContext {
  readonly s3: S3Requests;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly partBytes: number;
  /** Attempt-unique: also across processes. */
  readonly id: string;
}

type Condition = { readonly IfNoneMatch?: '*' };

interface Job extends WriteContext {
  readonly path: ArtifactPath;
  readonly key: string;
  readonly condition: Condition;
  readonly signal: AbortSignal;
}

/** One request for what fits one part, a multipart upload for the rest. */
export async function writeObject(
  context: WriteContext,
  path: ArtifactPath,
  content: AsyncIterable<Uint8Array>,
  options: WriteOptions,
  signal: AbortSignal,
): Promise<ArtifactInfo> {
  const intake = new ArtifactIntake(path, content, options, signal);
  const key = context.keys.object(path);
  const job: Job = { ...context, path, key, signal, condition: options.ifAbsent ? { IfNoneMatch: '*' } : {} };
  signal.throwIfAborted();
  // Saves taking in content for nothing; what decides is the condition of the last request.
  if (options.ifAbsent && (await headObject(context.s3, key, path, signal))) throw alreadyExists(path);
  const buffers = new PartBuffers(BUFFERS_PER_WRITE, context.partBytes);
  const parts = partsOf(intake.chunks(), buffers);
  try {
    const first = await parts.next();
    const second = await parts.next();
    if (second.done) return await putWhole(job, intake, first.done ? Buffer.alloc(0) : first.value.bytes);
    const all = chain([...(first.done ? [] : [first.value]), second.value], parts);
    return options.sha256 === undefined
      ? await uploadStaged(job, intake, all, buffers)
      : await uploadDirect(job, intake, all, buffers, options.sha256);
  } catch (error) {
    throw intake.causedBy(error) ? error : fromS3(error, `write '${path}'`);
  } finally {
    await parts.return();
  }
}

async function* chain(head: readonly Part[], rest: AsyncIterable<Part>): AsyncGenerator<Part, void, undefined> {
  yield* head;
  yield* rest;
}

async function putWhole(job: Job, intake: ArtifactIntake, bytes: Buffer): Promise<ArtifactInfo> {
  const { s3, key, condition, signal } = job;
  const digest = intake.finish();
  const mark = markOf(job, digest.sha256);
  const input = {
    Bucket: s3.bucket,
    Key: key,
    Body: bytes,
    ContentMD5: md5Of(bytes),
    Metadata: toMetadata(mark),
    ...condition,
  };
  await conditionally(job, () =>
    s3.call(`write '${job.path}'`, signal, (options) => s3.client.send(new PutObjectCommand(input), options)),
  );
  return infoOf(job, digest.bytes, mark);
}

/** The digest is known beforehand, so it goes into the metadata at the beginning; other content is never completed. */
async function uploadDirect(
  job: Job,
  intake: ArtifactIntake,
  parts: AsyncIterable<Part>,
  buffers: PartBuffers,
  sha256: string,
): Promise<ArtifactInfo> {
  const mark = markOf(job, sha256);
  const upload = await MultipartUpload.begin(job.s3, job.key, toMetadata(mark), job.signal);
  try {
    await sendAll(upload, parts, buffers);
    const digest = intake.finish();
    await conditionally(job, () => upload.complete(job.condition));
    return infoOf(job, digest.bytes, mark);
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** The digest is known at the end: content to `staging`, then a copy within the server to an upload that carries the digest from its beginning. */
async function uploadStaged(
  job: Job,
  intake: ArtifactIntake,
  parts: AsyncIterable<Part>,
  buffers: PartBuffers,
): Promise<ArtifactInfo> {
  const { s3, keys, signal } = job;
  const stagingKey = keys.staging + job.id;
  const staging = await MultipartUpload.begin(s3, stagingKey, {}, signal);
  let etag: string;
  let digest: ContentDigest;
  try {
    await sendAll(staging, parts, buffers);
    digest = intake.finish();
    etag = await staging.complete({});
  } catch (error) {
    await staging.abort();
    await removeStaged(job, stagingKey); // completed with its answer lost
    throw error;
  }
  try {
    return await copyStaged(job, { key: stagingKey, etag }, digest);
  } finally {
    await removeStaged(job, stagingKey);
  }
}

async function copyStaged(
  job: Job,
  source: { readonly key: string; readonly etag: string },
  digest: ContentDigest,
): Promise<ArtifactInfo> {
  const mark = markOf(job, digest.sha256);
  const upload = await MultipartUpload.begin(job.s3, job.key, toMetadata(mark), job.signal);
  try {
    const bytes = Number(digest.bytes);
    for (let start = 0; start < bytes; start += COPY_PART_BYTES) {
      await upload.copy(source, start, Math.min(bytes, start + COPY_PART_BYTES));
    }
    await conditionally(job, () => upload.complete(job.condition));
    return infoOf(job, digest.bytes, mark);
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** Never throws: what cannot be removed now is removed by a later `open`. */
async function removeStaged({ s3 }: Job, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: s3.bucket, Key: key });
  const own = AbortSignal.timeout(s3.timeoutMs); // the write's signal may have aborted
  await s3.call('remove staged content', own, (options) => s3.client.send(command, options)).catch(() => undefined);
}

/** A buffer is taken only when a part has left it, so at most `BUFFERS_PER_WRITE` are ever full. */
async function sendAll(upload: MultipartUpload, parts: AsyncIterable<Part>, buffers: PartBuffers): Promise<void> {
  for await (const { buffer, bytes } of parts) upload.send(bytes, () => buffers.give(buffer));
  await upload.settled();
}

/**
 * Runs the request that makes the path visible, and finds out what a failure means: a retry of a request that had succeeded is told that the object
 * exists or the upload is gone, and then the object carries our own write id.
 */
async function conditionally(job: Job, request: () => Promise<unknown>): Promise<void> {
  const { s3, key, path, id, clock, signal } = job;
  for (let attempt = 1; ; attempt++) {
    try {
      await request();
      return;
    } catch (error) {
      const lostRace = hasReason(error, PRECONDITION_FAILED);
      const inProgress = hasReason(error, WRITE_IN_PROGRESS);
      if (!lostRace && !inProgress && !hasReason(error, UPLOAD_GONE)) throw error;
      const found = await headObject(s3, key, path, signal);
      if (found?.writeId === id) return;
      if (lostRace || (inProgress && found && job.condition.IfNoneMatch)) throw alreadyExists(path, error);
      if (!inProgress || attempt === CONDITIONAL_ATTEMPTS_MAX) throw error;
      await clock.sleep(CONDITIONAL_RETRY_MS * attempt, signal);
    }
  }
}

const markOf = ({ clock, id }: Job, sha256: string): ObjectMark => ({ sha256, modifiedAt: clock.now(), writeId: id });

const infoOf = ({ path }: Job, bytes: bigint, { sha256, modifiedAt }: ObjectMark): ArtifactInfo => ({
  path,
  bytes,
  sha256,
  modifiedAt,
});

const alreadyExists = (path: ArtifactPath, cause?: unknown): AlreadyExistsError =>
  new AlreadyExistsError(`'${path}' exists already`, { reason: 'ARTIFACT_EXISTS', facts: { path }, cause });
