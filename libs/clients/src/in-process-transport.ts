import type { MethodDescriptor } from '@slipway/contracts';
import { UnavailableError, UnsupportedError, type Clock } from '@slipway/kernel';
import {
  CallCancelledError,
  DeadlineExceededError,
  fromStatus,
  requestDecoder,
  RpcFailure,
  toFailure,
  type ActiveCall,
  type Invoker,
  type MethodInvoker,
} from '@slipway/platform';
import { callHeaders, DEFAULT_TIMEOUT_MS, timeoutOf, type TokenProvider } from './call-headers.ts';
import type { CallOptions, ClientTransport } from './client.ts';

export interface InProcessTransportOptions {
  readonly invokers: readonly Invoker[];
  readonly clock: Clock;
  readonly token?: TokenProvider;
  /** For calls that name none. */
  readonly workspace?: string;
  readonly defaultTimeoutMs?: number;
}

interface Route {
  readonly method: MethodInvoker;
  readonly copyRequest: (message: object) => object;
  readonly copyResponse: (message: object) => object;
}

/**
 * Messages cross by encode and decode, as over a wire: the receiver gets a copy with all defaults filled and floats rounded to what
 * their field holds. `structuredClone` takes about as long for small messages and does neither; a handler would see other
 * values in one process than in two.
 */
function routeOf(method: MethodInvoker): Route {
  const { wire } = method.descriptor;
  const decode = requestDecoder(method.descriptor);
  return {
    method,
    copyRequest: (message) => decode(wire.requestSerialize(message)),
    copyResponse: (message) => wire.responseDeserialize(wire.responseSerialize(message)),
  };
}

/** One call seen from its caller: the chain may go on after the caller was told that it is over. */
class LocalCall {
  readonly active: ActiveCall;
  readonly #options: CallOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #forget: () => void;
  #fail: ((error: unknown) => void) | undefined;
  #failure: unknown;

  constructor(
    route: Route,
    headers: ReadonlyMap<string, string>,
    deadlineMs: number,
    timeoutMs: number,
    options: CallOptions,
    forget: (call: LocalCall) => void,
  ) {
    this.#options = options;
    this.active = route.method.begin({ header: (name) => headers.get(name), deadlineMs });
    this.#timer = setTimeout(() => this.end(new DeadlineExceededError()), timeoutMs);
    const aborted = (): void => this.end(new CallCancelledError(), options.signal?.reason);
    options.signal?.addEventListener('abort', aborted, { once: true });
    this.#forget = () => {
      clearTimeout(this.#timer);
      options.signal?.removeEventListener('abort', aborted);
      forget(this);
    };
  }

  /** @param shown what the caller sees; without it the status as a remote caller would see it. */
  end(reason: Error, shown?: unknown): void {
    this.active.end(reason);
    this.#failure ??= shown ?? fromStatus(toFailure(reason, this.active.requestId));
    this.#fail?.(this.#failure);
  }

  /** Settles as the work does, or as soon as the call has ended. */
  async settle<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#fail = reject;
        if (this.#failure !== undefined) reject(this.#failure);
        work.then(resolve, reject);
      });
    } catch (error) {
      throw error instanceof RpcFailure ? fromStatus(error) : error;
    }
  }

  close(succeeded: boolean): void {
    this.#forget();
    if (succeeded) this.#options.onTrailers?.(this.active.trailers ?? new Map());
  }
}

/** A failure of the source itself cancels the call and is what the caller gets. */
async function* copied(
  messages: AsyncIterable<object>,
  copy: (message: object) => object,
  call: LocalCall,
): AsyncGenerator<object, void, undefined> {
  const source = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await source.next().catch((error: unknown) => {
        call.end(new CallCancelledError('the requests of the caller broke off'), error);
        throw error;
      });
      if (next.done === true) return;
      yield copy(next.value);
    }
  } finally {
    await source.return?.();
  }
}

/** Calls services of this process through the same chain as the gRPC server, authentication and errors included. */
export function inProcessTransport(transport: InProcessTransportOptions): ClientTransport {
  const routes = new Map<string, Route>();
  for (const invoker of transport.invokers)
    for (const [path, method] of invoker.methods) routes.set(path, routeOf(method));
  const open = new Set<LocalCall>();
  let closed = false;

  const begin = (method: MethodDescriptor, options: CallOptions): [Route, LocalCall] => {
    if (closed) throw new UnavailableError('the transport is closed', { reason: 'TRANSPORT_CLOSED' });
    options.signal?.throwIfAborted();
    const route = routes.get(method.path);
    if (!route)
      throw new UnsupportedError(`no service of this process answers ${method.path}`, { reason: 'UNIMPLEMENTED' });
    const headers = callHeaders(options, transport);
    const timeoutMs = timeoutOf(options, transport.defaultTimeoutMs ?? DEFAULT_TIMEOUT_MS);
    const deadlineMs = Number(transport.clock.now() / 1000n) + timeoutMs;
    const call = new LocalCall(route, headers, deadlineMs, timeoutMs, options, (each) => open.delete(each));
    open.add(call);
    return [route, call];
  };

  return {
    answer: async (method, input, options) => {
      const [route, call] = begin(method, options);
      const request =
        method.kind === 'client-stream'
          ? copied(input as AsyncIterable<object>, route.copyRequest, call)
          : route.copyRequest(input);
      let succeeded = false;
      try {
        const response = await call.settle(route.method.answer(call.active, request));
        succeeded = true;
        return route.copyResponse(response);
      } finally {
        call.close(succeeded);
      }
    },
    stream: async function* (method, input, options) {
      const [route, call] = begin(method, options);
      const request =
        method.kind === 'bidi'
          ? copied(input as AsyncIterable<object>, route.copyRequest, call)
          : route.copyRequest(input);
      const responses = route.method.stream(call.active, request);
      let succeeded = false;
      try {
        for (;;) {
          const next = await call.settle(responses.next());
          if (next.done === true) break;
          yield route.copyResponse(next.value);
        }
        succeeded = true;
      } finally {
        if (!succeeded) call.active.end(new CallCancelledError());
        void responses.return(); // a handler that is busy sees its signal; its caller need not wait for it
        call.close(succeeded);
      }
    },
    close: () => {
      closed = true;
      for (const call of open) call.end(new CallCancelledError('the transport was closed'));
      return Promise.resolve();
    },
  };
}
