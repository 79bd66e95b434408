import type { Caller, Logger } from '@slipway/kernel';
import type { StatusName } from '../rpc/status.ts';

/*
 * HTTP for services of ours. A `ServiceModule` brings `http: { listener, routes }`; the process listens, checks Host and Origin, finds out
 * who calls, bounds sizes and times, and drains. A handler is a plain function from a request to a reply and throws domain errors:
 *
 *   const ready: HttpRoute = {
 *     method: 'GET', path: '/v2/models/:model/ready', permission: 'serving.models.read',
 *     handle: async (request) => ({ json: { ready: models.isReady(request.caller.workspace, request.param('model')) } }),
 *   };
 *   const infer: HttpRoute = {
 *     method: 'POST', path: '/v2/models/:model/infer', permission: 'serving.models.infer', body: 'bytes',
 *     handle: async (request) => ({ contentType: 'application/octet-stream', body: await run(request.body, request.signal) }),
 *   };
 *   module.http = { listener: 'inference-http', routes: [ready, infer], renderError: (failure) => ({ error: failure.message }) };
 */

/** `http` is the gateway's, `inference-http` that of Open Inference over REST. */
export const HTTP_LISTENERS = ['http', 'inference-http'] as const;
export type HttpListenerName = (typeof HTTP_LISTENERS)[number];

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler knows of the request it answers. */
export interface HttpRequest {
  readonly caller: Caller;
  /** From `x-request-id` when that is well-formed, else made here; in every answer, log line and error of the request. */
  readonly requestId: string;
  readonly method: HttpMethod;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Whole body of a `bytes` route, at most `bodyBytesMax`, decompressed; empty otherwise. It is the handler's to keep. */
  readonly body: Buffer;
  /** Aborts when the client leaves, the time of the route is over or the server stops; the reason says which. */
  readonly signal: AbortSignal;
  /** Aborts when the process drains: an answer without an end has to end then. */
  readonly draining: AbortSignal;
  readonly log: Logger;
  /** W3C trace context that came with the request, to be handed on. */
  readonly traceparent: string | undefined;
  /** Decoded segment `:name` of the pattern, or the rest `*name` with its slashes. @throws {Error} when the pattern has none. */
  readonly param: (name: string) => string;
  /** Value of a header by its lower-case name, the first one when it is repeated. */
  readonly header: (name: string) => string | undefined;
  /** Body of a `stream` route, one chunk per demand; may be asked for once. @throws {HttpRefusal} past `bodyBytesMax` or when it stalls. */
  readonly chunks: () => AsyncIterable<Buffer>;
}

/** An answer; at most one of `json` and `body`. */
export interface HttpReply {
  /** 200 when left out. */
  readonly status?: number;
  /** Of `body`; text/plain for a string and application/octet-stream for bytes when left out. */
  readonly contentType?: string;
  /** Lower-case names. They replace the headers that every answer has, e.g. `cache-control: no-store`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/json. */
  readonly json?: unknown;
  /**
   * Parts are sent one after the other without a copy. A sequence is pulled as fast as the client reads; its first part decides the status,
   * a failure after it breaks the connection off.
   */
  readonly body?: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<string | Uint8Array>;
}

export interface HttpRoute {
  readonly method: HttpMethod;
  /** Literal segments, `:name` for one segment and `*name` at the end for the rest. HEAD is answered as GET. */
  readonly path: string;
  /** A permission of the roles, `authenticated`, or `public`, which asks nobody who he is. */
  readonly permission: string;
  /** What happens to a body: none is accepted, it is collected, or `chunks()` reads it. */
  readonly body?: 'none' | 'bytes' | 'stream';
  /** 413 past it; 64 MiB when left out. */
  readonly bodyBytesMax?: number;
  /** Encodings that a `bytes` route decompresses; any other is refused with 415. */
  readonly contentEncodings?: readonly ('gzip' | 'deflate')[];
  /** Milliseconds until the reply is known, 504 past it; 60 s when left out. How long a sequence goes on is the handler's matter. */
  readonly timeoutMs?: number;
  /** Answers browsers that navigate here from another site: true of pages alone. */
  readonly isPage?: boolean;
  /** As `HttpRoutes.renderError`, for this route alone. */
  readonly renderError?: (failure: HttpFailure) => unknown;
  handle(request: HttpRequest): Promise<HttpReply>;
}

/** How a request failed, as it may be shown to its caller. */
export interface HttpFailure {
  /** Of HTTP. */
  readonly status: number;
  readonly code: StatusName;
  /** UPPER_SNAKE, part of the contract; the name of the code when there is none. */
  readonly reason: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a module answers over HTTP. */
export interface HttpRoutes {
  readonly listener: HttpListenerName;
  readonly routes: readonly HttpRoute[];
  /** JSON of an error in the protocol's own form; without it Connect's `{code, message, details}`. Its status stays. */
  readonly renderError?: (failure: HttpFailure) => unknown;
  /** `renderError` also words what no route answers below this path, e.g. `/v2`; `/` when left out. The longest one counts. */
  readonly prefix?: string;
}
