import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Clock, Logger } from '@slipway/kernel';
import { ANONYMOUS } from '../rpc/call.ts';
import { CallCancelledError, DeadlineExceededError } from '../rpc/errors.ts';
import type { StallWatch } from '../rpc/stall-watch.ts';
import { formatTraceparent, parseTraceparent } from '../telemetry/traceparent.ts';
import { connectCode, toHttpFailure } from './failure.ts';
import { hasBody, readChunks } from './request-body.ts';
import type { HttpFailure, HttpMethod, HttpReply, HttpRequest, HttpRoute, HttpRoutes } from './route.ts';
import { sendReply } from './send.ts';

/** What all requests of one listener share. */
export interface ExchangeContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly nextRequestId: () => string;
  readonly draining: AbortSignal;
  readonly stalls: StallWatch;
  readonly tracer: Tracer | undefined;
  /** True from the moment the listener wants to be rid of its connections. */
  readonly isClosing: () => boolean;
  finished(method: string, route: string, status: number, seconds: number): void;
}

/** A route with what its module says about all of its routes. */
export interface BoundRoute extends HttpRoute {
  readonly owner: HttpRoutes;
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const NO_BODY = Buffer.alloc(0);
/** What is taken of a body that nobody wants, so that its sender gets round to reading the answer. */
const LINGER_BYTES = 8 * 1024 * 1024;
const LINGER_MS = 1_000;

/** One request from its headers to the end of its answer. What most handlers do not ask for is made when asked for. */
export class Exchange implements HttpRequest {
  readonly requestId: string;
  readonly path: string;
  caller: Caller = ANONYMOUS;
  body: Buffer = NO_BODY;
  /** Its CORS headers are wanted. */
  origin: string | undefined;
  route: BoundRoute | undefined;
  /** `Expect: 100-continue` was sent and has not been answered. */
  expectsContinue = false;
  params: Readonly<Record<string, string>> = {};
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: ExchangeContext;
  readonly #startedMs: number;
  readonly #search: string;
  #query: URLSearchParams | undefined;
  #controller: AbortController | undefined;
  #log: Logger | undefined;
  #span: Span | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why nobody waits for the handler any more. */
  #ended: Error | undefined;
  #answered = false;
  #failure: unknown;

  constructor(request: IncomingMessage, response: ServerResponse, shared: ExchangeContext) {
    this.#request = request;
    this.#response = response;
    this.#context = shared;
    this.#startedMs = shared.clock.monotonicMs();
    const url = request.url ?? '/';
    const question = url.indexOf('?');
    this.path = question < 0 ? url : url.slice(0, question);
    this.#search = question < 0 ? '' : url.slice(question);
    const requested = this.header('x-request-id');
    this.requestId = requested !== undefined && REQUEST_ID.test(requested) ? requested : shared.nextRequestId();
  }

  get method(): HttpMethod {
    return (this.#request.method === 'HEAD' ? 'GET' : this.#request.method) as HttpMethod;
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#search));
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#ended) this.#controller.abort(this.#ended);
    }
    return this.#controller.signal;
  }

  get draining(): AbortSignal {
    return this.#context.draining;
  }

  get log(): Logger {
    this.#log ??= this.#context.log.child({ requestId: this.requestId, method: this.#request.method, path: this.path });
    return this.#log;
  }

  get traceparent(): string | undefined {
    if (this.#span) return formatTraceparent(this.#span.spanContext());
    const header = this.header('traceparent');
    return header !== undefined && parseTraceparent(header) ? header : undefined;
  }

  // functions of their own, so that a handler may take a request apart
  readonly header = (name: string): string | undefined => {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };

  readonly param = (name: string): string => {
    const value = this.params[name];
    if (value === undefined) throw new Error(`the route ${this.route?.path ?? ''} has no segment '${name}'`);
    return value;
  };

  readonly chunks = (): AsyncIterable<Buffer> =>
    readChunks(this.#request, this.route?.bodyBytesMax ?? BODY_BYTES_MAX, this.#context.stalls);

  /** Starts the time of the route and runs its handler in its span. */
  handle(route: BoundRoute): Promise<HttpReply> {
    this.#timer = setTimeout(() => this.#expire(), route.timeoutMs ?? TIMEOUT_MS);
    const { tracer } = this.#context;
    if (!tracer) return route.handle(this);
    const header = this.header('traceparent');
    const remote = header === undefined ? undefined : parseTraceparent(header);
    const parent = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
    const attributes = { 'http.request.method': this.#request.method ?? '', 'http.route': route.path };
    this.#span = tracer.startSpan(`${this.method} ${route.path}`, { kind: SpanKind.SERVER, attributes }, parent);
    return context.with(trace.setSpan(parent, this.#span), () => route.handle(this));
  }

  /** Answers once; what comes after an end, e.g. the reply to a client that left, is dropped. */
  async reply(reply: HttpReply): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#answered || this.#ended) return;
    this.#answered = true;
    const common = { requestId: this.requestId, close: this.#context.isClosing(), origin: this.origin };
    try {
      await sendReply(this.#response, reply, common, this.#context.stalls);
    } catch (error) {
      this.#answered = this.#response.headersSent;
      this.fail(error);
    }
  }

  /** Answers with what may be shown of an error; breaks off when an answer has begun. */
  fail(error: unknown): void {
    clearTimeout(this.#timer);
    this.#failure ??= error;
    if (this.#answered) {
      if (!this.#response.writableEnded) this.#response.destroy();
      return;
    }
    this.#answered = true;
    const failure = toHttpFailure(error, this.requestId);
    const isHalfRead = hasBody(this.#request) && !this.#request.complete;
    const headers = { ...failure.headers };
    const text = JSON.stringify(this.#render(failure));
    const close = this.#context.isClosing() || (isHalfRead && this.expectsContinue);
    this.#response.writeHead(failure.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': this.requestId,
      ...(this.origin !== undefined && { 'access-control-allow-origin': this.origin, vary: 'origin' }),
      ...(close && { connection: 'close' }),
      ...headers,
    });
    if (isHalfRead && !close) this.#linger(text);
    else this.#response.end(text);
  }

  /** The server stops. */
  cancel(reason: Error): void {
    this.#end(reason);
  }

  /** The connection is done with this exchange, one way or the other. */
  closed(): void {
    clearTimeout(this.#timer);
    if (!this.#response.writableFinished) this.#end(new CallCancelledError('the client left'));
    const seconds = (this.#context.clock.monotonicMs() - this.#startedMs) / 1000;
    const status = this.#response.writableFinished ? this.#response.statusCode : 499;
    this.#context.finished(this.#request.method ?? '', this.route?.path ?? '', status, seconds);
    this.#endSpan(status);
    this.#report(status, seconds);
  }

  #expire(): void {
    const late = new DeadlineExceededError('the request took too long');
    this.#end(late);
    this.fail(late);
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#controller?.abort(reason);
  }

  #render(failure: HttpFailure): unknown {
    const render = this.route?.renderError ?? this.route?.owner.renderError ?? this.renderUnrouted;
    return render ? render(failure) : connectError(failure);
  }

  /** Set by the server, for what fails before a route is found. */
  renderUnrouted: HttpRoutes['renderError'];

  /** The whole answer goes out at once; the connection ends with the body, or when too much of it comes. */
  #linger(text: string): void {
    const [request, response] = [this.#request, this.#response];
    let left = LINGER_BYTES;
    const timer = setTimeout(() => request.destroy(), LINGER_MS);
    response.write(text);
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) request.destroy();
    });
    request.once('end', () => response.end());
    request.once('close', () => clearTimeout(timer));
    request.resume();
  }

  #endSpan(status: number): void {
    if (!this.#span) return;
    this.#span.setAttribute('http.response.status_code', status);
    if (status >= 500) {
      this.#span.setAttribute('error.type', String(status));
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }

  #report(status: number, seconds: number): void {
    const { principal } = this.caller;
    const fields = { route: this.route?.path, status, seconds, principal };
    const isBroken = this.#failure !== undefined && this.#response.statusCode < 400 && status !== 499;
    if (status >= 500 || isBroken) this.log.warn({ ...fields, err: this.#failure }, 'request failed');
    else this.log.debug(fields, 'request');
  }
}

/** As one message over gRPC. */
export const BODY_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** @see https://connectrpc.com/docs/protocol, error end of a unary call; `debug` holds what the typed form would need a descriptor for. */
export function connectError({ code, message, reason, facts, violations, requestId }: HttpFailure): object {
  const info = { type: 'google.rpc.ErrorInfo', debug: { reason, domain: 'slipway', metadata: facts } };
  const fields = { type: 'google.rpc.BadRequest', debug: { fieldViolations: violations } };
  const request = { type: 'google.rpc.RequestInfo', debug: { requestId } };
  return { code: connectCode(code), message, details: [info, ...(violations.length > 0 ? [fields] : []), request] };
}
