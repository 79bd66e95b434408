import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { StallWatch } from '../rpc/stall-watch.ts';
import type { HttpReply } from './route.ts';

/** Bytes up to here leave in one write with their headers: a copy of them costs less than a gathering write. */
const COALESCE_BYTES_MAX = 8 * 1024;

/** Headers that every answer has; the reply's own replace them. */
export interface CommonHeaders {
  readonly requestId: string;
  readonly close: boolean;
  /** Value for access-control-allow-origin. */
  readonly origin: string | undefined;
}

function headersOf(reply: HttpReply, type: string, bytes: number | undefined, common: CommonHeaders): string[] {
  const { headers } = reply;
  const flat = ['content-type', type, 'x-content-type-options', 'nosniff', 'x-request-id', common.requestId];
  if (bytes !== undefined) flat.push('content-length', String(bytes));
  if (headers?.['cache-control'] === undefined) flat.push('cache-control', 'no-store');
  if (common.close) flat.push('connection', 'close');
  if (common.origin === undefined) flat.push('cross-origin-resource-policy', 'same-origin');
  else
    flat.push(
      'access-control-allow-origin',
      common.origin,
      'vary',
      'origin',
      'cross-origin-resource-policy',
      'cross-origin',
    );
  for (const [name, value] of Object.entries(headers ?? {})) if (name !== 'connection') flat.push(name, value);
  return flat;
}

const isSequence = (body: object): body is AsyncIterable<string | Uint8Array> => Symbol.asyncIterator in body;

/** Writes an answer. Resolves when all of it was handed to the socket; rejects when a sequence fails, before its first part with nothing sent. */
export async function sendReply(
  response: ServerResponse,
  reply: HttpReply,
  common: CommonHeaders,
  stalls: StallWatch,
): Promise<void> {
  const status = reply.status ?? 200;
  if (status === 204 || status === 304) {
    response.writeHead(status, headersOf(reply, 'text/plain', undefined, common).slice(2)).end();
    return;
  }
  const body = reply.json === undefined ? (reply.body ?? '') : JSON.stringify(reply.json);
  const type = reply.json === undefined ? (reply.contentType ?? defaultType(body)) : 'application/json';
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    response.writeHead(status, headersOf(reply, type, bytes, common));
    endWith(response, body);
  } else if (isSequence(body)) {
    await sendSequence(
      response,
      body,
      () => response.writeHead(status, headersOf(reply, type, undefined, common)),
      stalls,
    );
  } else {
    const bytes = body.reduce((sum, part) => sum + part.byteLength, 0);
    response.writeHead(status, headersOf(reply, type, bytes, common));
    if (bytes <= COALESCE_BYTES_MAX) return endWith(response, Buffer.concat(body, bytes));
    for (const part of body) response.write(part);
    response.end();
  }
}

/** Node joins headers and text to one buffer, but never headers and bytes; as latin1 each byte is one character. */
function endWith(response: ServerResponse, body: string | Uint8Array): void {
  if (typeof body === 'string' || body.byteLength > COALESCE_BYTES_MAX) return void response.end(body);
  const { buffer, byteOffset, byteLength } = body;
  response.end(Buffer.from(buffer, byteOffset, byteLength).toString('latin1'), 'latin1');
}

const defaultType = (body: unknown): string =>
  typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream';

/** One part at a time, as fast as the client reads; a client that reads nothing for the limit of the watch is left. */
async function sendSequence(
  response: ServerResponse,
  parts: AsyncIterable<string | Uint8Array>,
  begin: () => void,
  stalls: StallWatch,
): Promise<void> {
  const iterator = parts[Symbol.asyncIterator]();
  const wait = stalls.watch(() => response.destroy());
  const left = new AbortController();
  const leave = (): void => left.abort();
  response.once('close', leave);
  try {
    for (;;) {
      const next = await iterator.next();
      if (left.signal.aborted) return;
      if (!response.headersSent) begin();
      if (next.done === true) break;
      if (response.req.method === 'HEAD') break;
      if (response.write(next.value)) continue;
      wait.begin();
      await once(response, 'drain', { signal: left.signal }).catch(() => undefined); // left is seen at the next part
      wait.end();
      if (left.signal.aborted) return;
    }
    response.end();
  } finally {
    wait.forget();
    response.off('close', leave);
    void Promise.resolve(iterator.return?.()).catch(() => undefined); // ends a handler that waits; how it ends concerns nobody
  }
}
