import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';

/** What came back for one call, read from the wire without a gRPC library in between. */
export interface WireAnswer {
  /** Number of the gRPC status; -1 when the stream was reset without one. */
  readonly code: number;
  readonly message: string;
  /** `grpc-status-details-bin`, decoded from base64. */
  readonly details: Buffer | undefined;
  readonly trailers: IncomingHttpHeaders;
  /** Messages of the answer, without their frames. */
  readonly messages: readonly Buffer[];
  /** Code of RST_STREAM; 0 when there was none. */
  readonly reset: number;
}

export interface WireCall {
  /** Bytes of the request stream as they are: frames made by `frame`, or anything else. */
  readonly body: readonly Buffer[];
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cancel this long after the body was sent. */
  readonly cancelAfterMs?: number;
  /** Leave the request stream open: the server has to answer nevertheless. */
  readonly keepOpen?: boolean;
}

const ANSWER_WITHIN_MS = 30_000;

/** A gRPC message frame: flag, length, bytes. */
export function frame(bytes: Uint8Array, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function readFrames(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages;
}

/** One HTTP/2 connection to a gRPC server that sends whatever it is told to. */
export class WireClient {
  readonly #session: ClientHttp2Session;

  constructor(address: string) {
    // in megabytes: with the default of 10 Node resets streams on this side once a body of 64 MB waits to be sent
    this.#session = connect(`http://${address}`, { maxSessionMemory: 1_000 });
    this.#session.on('error', () => undefined); // each call sees its own failure
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  async call(path: string, call: WireCall): Promise<WireAnswer> {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...(call.token !== undefined && { authorization: `Bearer ${call.token}` }),
      ...call.headers,
    });
    stream.setTimeout(ANSWER_WITHIN_MS, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('error', () => undefined); // a reset is in the answer
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (headers) => {
      if (headers['grpc-status'] !== undefined) trailers = headers; // an answer of trailers only
    });
    stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = new Promise((resolve) => stream.once('close', resolve)); // not `once`: that rejects on a reset
    for (const part of call.body) stream.write(part);
    if (call.keepOpen !== true) stream.end();
    if (call.cancelAfterMs !== undefined) setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), call.cancelAfterMs);
    if (call.keepOpen === true) stream.once('end', () => stream.close(constants.NGHTTP2_NO_ERROR));
    await closed;
    const details = trailers['grpc-status-details-bin'];
    return {
      code: trailers['grpc-status'] === undefined ? -1 : Number(trailers['grpc-status']),
      message: decodeURIComponent(String(trailers['grpc-message'] ?? '')),
      details: details === undefined ? undefined : Buffer.from(String(details), 'base64'),
      trailers,
      messages: readFrames(Buffer.concat(chunks)),
      reset: stream.rstCode,
    };
  }

  close(): void {
    this.#session.destroy();
  }
}
