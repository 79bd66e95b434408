import { ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import type { Caller, Clock, IdSource, Logger } from '@slipway/kernel';
import { formatTraceparent, parseTraceparent } from '../telemetry/traceparent.ts';
import { toFailure, type RpcFailure } from './errors.ts';
import type { CallContext } from './handler.ts';
import type { StatusName } from './status.ts';

/** Told of every call a server answers; codes are names of gRPC statuses. */
export interface RpcMetrics {
  started(method: string): void;
  finished(method: string, code: string, seconds: number): void;
}

/** What a transport knows of a call before anything is decoded. */
export interface IncomingCall {
  /** Names are lower case; the first value of a repeated header. */
  header(name: string): string | undefined;
  /** Milliseconds since the epoch. */
  readonly deadlineMs?: number | undefined;
}

export interface CallDependencies {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly metrics: RpcMetrics;
}

/** The status that means the server failed its caller: worth a look by whoever runs it. */
const SERVER_FAULTS: ReadonlySet<StatusName> = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS', 'UNAVAILABLE']);
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const TRAILER_NAME = /^[a-z0-9_.-]{1,64}$/;
const TRAILER_VALUE = /^[\x20-\x7e]{0,1024}$/;
const TRAILERS_MAX = 32;

/** One id of the source, then numbers after it: unique like the id and a tenth of its cost, which every call would pay. */
export function requestIds(ids: IdSource): () => string {
  const first = ids.next();
  let count = 0;
  return () => `${first}.${(count += 1).toString(36)}`;
}

export const ANONYMOUS: Caller = Object.freeze({
  principal: 'anonymous',
  workspace: 'default',
  allWorkspaces: false,
  permissions: new Set<string>(),
});

/**
 * One call from its first byte to its status. What most handlers do not ask for (signal, logger) is made when asked for: every
 * microsecond here is paid by every call.
 */
export class ActiveCall implements CallContext {
  readonly method: string;
  readonly requestId: string;
  readonly deadlineMs?: number;
  caller: Caller = ANONYMOUS;
  /** An error that the handler may have caught but that decides the call: a wrong message in its input stream. */
  fault: unknown;
  /** Why the call ended before its handler did. */
  ended: Error | undefined;
  trailers: Map<string, string> | undefined;
  readonly #incoming: IncomingCall;
  readonly #dependencies: CallDependencies;
  readonly #startedMs: number;
  readonly #endListeners = new Set<() => void>();
  #controller: AbortController | undefined;
  #log: Logger | undefined;
  #span: Span | undefined;
  #finished = false;

  constructor(method: string, incoming: IncomingCall, dependencies: CallDependencies, nextRequestId: () => string) {
    this.method = method;
    this.#incoming = incoming;
    this.#dependencies = dependencies;
    if (incoming.deadlineMs !== undefined) this.deadlineMs = incoming.deadlineMs;
    const requested = incoming.header('x-request-id');
    this.requestId = requested !== undefined && REQUEST_ID.test(requested) ? requested : nextRequestId();
    this.#startedMs = dependencies.clock.monotonicMs();
    dependencies.metrics.started(method);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.ended) this.#controller.abort(this.ended);
    }
    return this.#controller.signal;
  }

  get log(): Logger {
    this.#log ??= this.#dependencies.log.child({ requestId: this.requestId, method: this.method });
    return this.#log;
  }

  get traceparent(): string | undefined {
    if (this.#span) return formatTraceparent(this.#span.spanContext());
    const header = this.#incoming.header('traceparent');
    return header !== undefined && parseTraceparent(header) ? header : undefined;
  }

  get finished(): boolean {
    return this.#finished;
  }

  header(name: string): string | undefined {
    return this.#incoming.header(name);
  }

  setTrailer(name: string, value: string): void {
    if (!TRAILER_NAME.test(name) || name.startsWith('grpc-') || name.endsWith('-bin')) {
      throw new RangeError(`not the name of a trailer: '${name}'`);
    }
    if (!TRAILER_VALUE.test(value))
      throw new RangeError(`trailer ${name} is not printable ASCII of at most 1024 characters`);
    this.trailers ??= new Map();
    this.trailers.set(name, value);
    if (this.trailers.size > TRAILERS_MAX) throw new RangeError(`more than ${TRAILERS_MAX} trailers`);
  }

  /** The transport reports that nobody waits for the answer any more; the first reason counts. */
  end(reason: Error): void {
    if (this.#finished || this.ended) return;
    this.ended = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#endListeners) listener();
    this.#endListeners.clear();
  }

  /** Calls `listener` once when the call ends early, at once when it already has. */
  onEnd(listener: () => void): void {
    if (this.ended) listener();
    else this.#endListeners.add(listener);
  }

  offEnd(listener: () => void): void {
    this.#endListeners.delete(listener);
  }

  /** Ties a span to the call; returns the context in which its handler has to run. */
  trace(start: (parent: Context) => Span): Context {
    const header = this.#incoming.header('traceparent');
    const remote = header === undefined ? undefined : parseTraceparent(header);
    const parent = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
    this.#span = start(parent);
    return trace.setSpan(parent, this.#span);
  }

  succeed(): void {
    this.#finish('OK');
  }

  /** Ends the call with what goes over the wire for `error`. An error after the end of the call is a consequence of that end. */
  fail(error: unknown): RpcFailure {
    const failure = toFailure(this.ended ?? this.fault ?? error, this.requestId);
    this.#finish(failure.status, failure);
    return failure;
  }

  #finish(status: StatusName, failure?: RpcFailure): void {
    if (this.#finished) return;
    this.#finished = true;
    const { clock, log, metrics } = this.#dependencies;
    const seconds = (clock.monotonicMs() - this.#startedMs) / 1000;
    metrics.finished(this.method, status, seconds);
    if (this.#span) endSpan(this.#span, status, failure);
    const { method, requestId } = this;
    const fields = { method, requestId, status, seconds, principal: this.caller.principal };
    if (!failure) log.debug(fields, 'call');
    else if (SERVER_FAULTS.has(status)) log.warn({ ...fields, err: failure.cause }, 'call failed');
    else log.debug({ ...fields, error: failure.message }, 'call refused');
  }
}

function endSpan(span: Span, status: StatusName, failure: RpcFailure | undefined): void {
  span.setAttribute('rpc.response.status_code', status);
  if (failure) {
    span.setAttribute('error.type', status);
    // as the conventions for servers ask: a refusal is the caller's error, not the span's
    if (SERVER_FAULTS.has(status)) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  }
  span.end();
}
