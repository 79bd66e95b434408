import type { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  type ServerHttp2Session,
} from 'node:http2';
import { STATUS } from './status.ts';
import type { StallWatch } from './stall-watch.ts';

/** Per stream and per session: a megabyte arrives without waiting for a window update. 64 KiB, the default, halves the throughput. */
export const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
export const SESSION_WINDOW_BYTES = 8 * 1024 * 1024;
export const FRAME_BYTES_MAX = 1024 * 1024;

export interface Http2Limits {
  readonly concurrentStreamsMax: number;
  readonly headerBytesMax: number;
  readonly connectionsMax: number;
}

/** What grpc-js keeps private and has no option for (grpc-node#3058 is open). */
interface ServerInternals {
  commonServerOptions: Record<string, unknown>;
  createHttp2Server(credentials: ServerCredentials): Http2Server;
  _setupHandlers: (this: ServerInternals, http2Server: Http2Server, interceptors: unknown) => void;
}

/** Longest timeout that a timer of Node holds, in the unit that keeps eight digits enough. Longer ones overflow in grpc-js. */
const TIMEOUT_HOURS_MAX = 596;
const HOURS_PER_UNIT: Readonly<Record<string, number>> = { H: 1, M: 1 / 60, S: 1 / 3600 };

/** Leaves what is no timeout to grpc-js, which answers INTERNAL. */
function clampTimeout(headers: IncomingHttpHeaders): void {
  const match = /^(\d{1,8})([HMS])$/.exec(String(headers['grpc-timeout'] ?? ''));
  if (match && Number(match[1]) * (HOURS_PER_UNIT[match[2] ?? ''] ?? 0) > TIMEOUT_HOURS_MAX) {
    headers['grpc-timeout'] = `${TIMEOUT_HOURS_MAX}H`;
  }
}

/** Ends a request that was begun and not finished in time. */
function refuseStalled(stream: ServerHttp2Stream, limitMs: number): void {
  if (stream.destroyed || stream.readableEnded) return; // it did arrive; its handler may take longer
  if (!stream.headersSent) {
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc+proto',
        'grpc-status': STATUS.DEADLINE_EXCEEDED,
        'grpc-message': `the request did not arrive within ${limitMs} ms`,
      },
      { endStream: true },
    );
  }
  stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Watches from the first header to the end of the request; streams of requests are watched between their messages instead. */
function watchRequest(stream: ServerHttp2Stream, stalls: StallWatch): void {
  const entry = stalls.watch(() => refuseStalled(stream, stalls.limitMs));
  entry.begin();
  stream.once('close', () => entry.forget());
}

/** A peer that was answered and goes on sending nothing must not hold its stream for ever. */
function watchAnswered(stream: ServerHttp2Stream, stalls: StallWatch): void {
  const entry = stalls.watch(() => stream.close(constants.NGHTTP2_NO_ERROR));
  stream.once('finish', () => entry.begin());
  stream.once('close', () => entry.forget());
}

/** Node only announces its bound on headers and does not keep it. Bytes as HPACK counts them: 32 more for each pair. */
function areTooLarge(headers: IncomingHttpHeaders, bytesMax: number): boolean {
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') bytes += name.length + value.length + 32;
    else for (const each of value ?? []) bytes += name.length + each.length + 32;
  }
  return bytes > bytesMax;
}

function refuseHeaders(stream: ServerHttp2Stream, bytesMax: number): void {
  stream.on('error', () => undefined); // the peer may be gone; there is nobody left to tell
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': STATUS.RESOURCE_EXHAUSTED,
      'grpc-message': `the metadata is larger than ${bytesMax} bytes`,
    },
    { endStream: true },
  );
  stream.close(constants.NGHTTP2_NO_ERROR);
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/**
 * Gives one server of grpc-js the settings it has no options for, by hooks on this instance; nothing global is touched.
 * @param streamsRequests tells by path which methods take a stream of requests.
 * @throws {Error} when this version of grpc-js is built differently.
 */
export function tuneHttp2(
  server: Server,
  limits: Http2Limits,
  stalls: StallWatch,
  streamsRequests: (path: string) => boolean,
): void {
  const internals = server as unknown as ServerInternals;
  const setup = internals._setupHandlers;
  if (typeof internals.commonServerOptions !== 'object' || typeof setup !== 'function') {
    throw new Error('this version of @grpc/grpc-js keeps its HTTP/2 options elsewhere: HTTP/2 windows cannot be set');
  }
  Object.assign(internals.commonServerOptions, {
    settings: {
      maxConcurrentStreams: limits.concurrentStreamsMax,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxFrameSize: FRAME_BYTES_MAX,
      maxHeaderListSize: limits.headerBytesMax,
      enablePush: false,
    },
  });
  internals._setupHandlers = function (http2Server, interceptors) {
    http2Server.maxConnections = limits.connectionsMax;
    http2Server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    setup.call(this, http2Server, interceptors);
    const listeners = http2Server.listeners('stream') as StreamListener[];
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      if (areTooLarge(headers, limits.headerBytesMax)) return refuseHeaders(stream, limits.headerBytesMax);
      if (headers['grpc-timeout'] !== undefined) clampTimeout(headers);
      const watch = streamsRequests(String(headers[':path'])) ? watchAnswered : watchRequest;
      watch(stream, stalls);
      for (const listener of listeners) listener(stream, headers);
    });
  };
}
