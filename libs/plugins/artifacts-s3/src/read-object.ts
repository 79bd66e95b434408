import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { NotFoundError, UnavailableError } from '@slipway/kernel';
import type { ArtifactPath, ByteRange } from '@slipway/plugin-kit';
import { fromS3, hasReason, PRECONDITION_FAILED } from './s3-error.ts';
import type { S3Requests } from './s3-requests.ts';

/** Broken connections in a row, without a byte in between, after which a read gives up. */
const RESUMES_MAX = 3;

interface OpenBody {
  readonly body: Readable;
  readonly etag: string;
  readonly bytes: number;
}

interface Source {
  readonly s3: S3Requests;
  readonly key: string;
  readonly path: ArtifactPath;
  readonly signal: AbortSignal;
}

/** Bytes of one object, from one answer of the server where the connection holds; a broken one is taken up again at the same version only. */
export async function readObject(
  s3: S3Requests,
  key: string,
  path: ArtifactPath,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const source = { s3, key, path, signal };
  const start = range?.offset ?? 0;
  const end = range?.length === undefined ? undefined : start + range.length;
  try {
    const first = await openBody(source, range ? rangeHeader(start, end) : undefined, undefined);
    return stream(source, first, start, start + first.bytes);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(`there is no '${path}'`, { reason: 'ARTIFACT_NOT_FOUND', facts: { path }, cause: error });
  }
}

/** @param end exclusive; to the end of the object when absent. */
const rangeHeader = (start: number, end: number | undefined): string =>
  `bytes=${start}-${end === undefined ? '' : Math.min(end - 1, Number.MAX_SAFE_INTEGER)}`;

async function openBody(
  { s3, key, path, signal }: Source,
  range: string | undefined,
  etag: string | undefined,
): Promise<OpenBody> {
  const command = new GetObjectCommand({
    Bucket: s3.bucket,
    Key: key,
    ...(range === undefined ? {} : { Range: range }),
    ...(etag === undefined ? {} : { IfMatch: etag }),
  });
  const output = await s3.call(`read '${path}'`, signal, (options) => s3.client.send(command, options));
  if (!(output.Body instanceof Readable) || output.ContentLength === undefined) {
    throw new UnavailableError(`read '${path}': the S3 server gave no content`);
  }
  output.Body.on('error', () => undefined); // seen by the iteration; without one, a body that breaks must not end the process
  return { body: output.Body, etag: output.ETag ?? '', bytes: output.ContentLength };
}

/** Holds the connection until the end, an early exit or an abort, begun or not. */
function stream(source: Source, first: OpenBody, start: number, end: number): AsyncIterable<Uint8Array> {
  const { s3, path, signal } = source;
  let current = first.body;
  const release = s3.hold();
  const letGo = (): void => {
    current.destroy();
    release();
  };
  signal.addEventListener('abort', letGo, { once: true });
  if (signal.aborted) letGo();
  return (async function* chunks() {
    let position = start;
    try {
      for (let failures = 0; position < end; failures++) {
        try {
          for await (const chunk of patiently(current, s3.timeoutMs)) {
            signal.throwIfAborted();
            failures = 0;
            position += chunk.byteLength;
            yield chunk;
          }
          if (position < end) throw new UnavailableError(`read '${path}': the connection ended early`);
        } catch (error) {
          signal.throwIfAborted();
          if (failures >= RESUMES_MAX) throw fromS3(error, `read '${path}'`);
          current = (await resume(source, first.etag, position, end)).body;
        }
      }
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener('abort', letGo);
      letGo();
    }
  })();
}

async function resume(source: Source, etag: string, position: number, end: number): Promise<OpenBody> {
  try {
    return await openBody(source, rangeHeader(position, end), etag);
  } catch (error) {
    if (!hasReason(error, PRECONDITION_FAILED) && !(error instanceof NotFoundError)) throw error;
    throw new UnavailableError(`'${source.path}' was replaced after the connection broke: read it again`, {
      reason: 'ARTIFACT_REPLACED',
      facts: { path: source.path },
      cause: error,
    });
  }
}

/** Chunks of a body, with a limit on each wait for the server; the time the reader takes between two chunks does not count. */
async function* patiently(body: Readable, timeoutMs: number): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const stalled = new UnavailableError('the S3 server has stopped sending');
      const timer = setTimeout(() => body.destroy(stalled), timeoutMs);
      const step = await chunks.next().finally(() => clearTimeout(timer));
      if (step.done) return;
      yield step.value;
    }
  } finally {
    body.destroy();
  }
}
