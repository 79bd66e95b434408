import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { CallCancelledError } from '../rpc/errors.ts';
import type { StallEntry, StallWatch } from '../rpc/stall-watch.ts';
import { HttpRefusal } from './failure.ts';

const EMPTY = Buffer.alloc(0);
const DECODERS = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** Whether anything may follow the headers. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

const tooLarge = (bytesMax: number): HttpRefusal =>
  new HttpRefusal(413, 'RESOURCE_EXHAUSTED', `the body is larger than ${bytesMax} bytes`);
const tooSlow = (limitMs: number): HttpRefusal =>
  new HttpRefusal(408, 'DEADLINE_EXCEEDED', `the body did not arrive within ${limitMs} ms`, { connection: 'close' });

/** @throws {HttpRefusal} 413 when the client says beforehand that it will be too much. */
export function assertBodySize({ headers }: IncomingMessage, bytesMax: number): void {
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
}

/**
 * Collects a body; all of it has to arrive within the limit of the watch.
 * @throws {HttpRefusal} 413 or 408. @throws {CallCancelledError} when the client breaks off.
 */
export function readBody(request: IncomingMessage, bytesMax: number, stalls: StallWatch): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const wait = stalls.watch(() => fail(tooSlow(stalls.limitMs)));
    const settle = (): void => {
      wait.forget();
      request.off('data', add).off('end', done).off('close', broken).off('error', broken);
    };
    const fail = (error: Error): void => {
      settle();
      request.pause();
      reject(error);
    };
    const broken = (): void => fail(new CallCancelledError('the client broke off its request'));
    const add = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > bytesMax) fail(tooLarge(bytesMax));
      else chunks.push(chunk);
    };
    const done = (): void => {
      settle();
      const [only = EMPTY] = chunks;
      resolve(chunks.length > 1 ? Buffer.concat(chunks, bytes) : only);
    };
    wait.begin();
    request.on('data', add).on('end', done).on('close', broken).on('error', broken);
  });
}

/** @throws {HttpRefusal} 413 when it grows past the limit, 400 when it is not what its header says. */
export async function decompress(bytes: Buffer, encoding: 'gzip' | 'deflate', bytesMax: number): Promise<Buffer> {
  try {
    return await DECODERS[encoding](bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    throw new HttpRefusal(400, 'INVALID_ARGUMENT', `the body is not valid ${encoding}`);
  }
}

/** Chunks as they come; each has to come within the limit of the watch. */
export async function* readChunks(
  request: IncomingMessage,
  bytesMax: number,
  stalls: StallWatch,
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  let fail: (error: Error) => void = () => undefined;
  const wait: StallEntry = stalls.watch(() => fail(tooSlow(stalls.limitMs)));
  const chunks = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<
    Buffer,
    undefined
  >;
  try {
    for (;;) {
      wait.begin();
      const next = await new Promise<IteratorResult<Buffer, undefined>>((resolve, reject) => {
        fail = reject;
        chunks.next().then(resolve, () => reject(new CallCancelledError('the client broke off its request')));
      });
      wait.end();
      if (next.done === true) return;
      bytes += next.value.length;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      yield next.value;
    }
  } finally {
    wait.forget();
    void Promise.resolve(chunks.return?.()).catch(() => undefined); // after a stall it waits for a chunk that does not come
  }
}
