import { context, SpanKind, type Context, type Tracer } from '@opentelemetry/api';
import { encodeCheck, requestRules, type MethodDescriptor } from '@slipway/contracts';
import { assertPermitted, InvalidArgumentError, type Caller } from '@slipway/kernel';
import { ActiveCall, ANONYMOUS, requestIds, type CallDependencies, type IncomingCall } from './call.ts';
import { CallCancelledError } from './errors.ts';
import type { BoundMethod, ServiceImplementation } from './handler.ts';
import { EncodedMessage, requestDecoder, UndecodableMessage } from './wire-codec.ts';

/** Finds out who calls. @throws {UnauthenticatedError} on missing or bad credentials, {DeniedError} on a foreign workspace. */
export type CallerResolver = (
  headers: { readonly authorization?: string; readonly workspace?: string },
  signal: AbortSignal,
) => Promise<Caller>;

export interface InvokerDependencies extends CallDependencies {
  readonly resolveCaller: CallerResolver;
  /** Absent while tracing is off: then no span is made at all. */
  readonly tracer?: Tracer;
}

/** Header that names the workspace a call acts in. */
export const WORKSPACE_HEADER = 'slipway-workspace';

/** One message or, for the two kinds that stream requests, all of them in order. */
export type CallInput = object | AsyncIterable<object>;

/** The chain that every call of one method goes through, on any transport. */
export interface MethodInvoker {
  readonly descriptor: MethodDescriptor;
  /** Counts the call; every call begun has to be given to `answer` or `stream`. */
  begin(incoming: IncomingCall): ActiveCall;
  /** For unary and client-stream. Rejects with `RpcFailure` and nothing else. */
  answer(call: ActiveCall, input: CallInput): Promise<object>;
  /** For server-stream and bidi; throws `RpcFailure` and nothing else. The handler runs only as fast as this is read. */
  stream(call: ActiveCall, input: CallInput): AsyncGenerator<object, void, undefined>;
}

/** A service ready to be called. */
export interface Invoker {
  readonly typeName: string;
  /** By path. */
  readonly methods: ReadonlyMap<string, MethodInvoker>;
}

/** Builds the chain for each method once: authentication, permission, rules of the request, handler, check of the response, error. */
export function createInvoker(implementation: ServiceImplementation, dependencies: InvokerDependencies): Invoker {
  const nextRequestId = requestIds(dependencies.ids);
  const methods = implementation.methods.map((method): [string, MethodInvoker] => [
    method.descriptor.path,
    new Chain(method, dependencies, nextRequestId),
  ]);
  return { typeName: implementation.typeName, methods: new Map(methods) };
}

class Chain implements MethodInvoker {
  readonly descriptor: MethodDescriptor;
  readonly #method: BoundMethod;
  readonly #dependencies: InvokerDependencies;
  readonly #decode: (bytes: Buffer) => object;
  readonly #checkRequest: (request: object) => void;
  readonly #checkResponse: (response: object) => void;
  readonly #streamsRequests: boolean;
  readonly #nextRequestId: () => string;
  readonly #spanName: string;
  readonly #spanOptions: { kind: SpanKind; attributes: Record<string, string> };

  constructor(method: BoundMethod, dependencies: InvokerDependencies, nextRequestId: () => string) {
    this.#nextRequestId = nextRequestId;
    this.descriptor = method.descriptor;
    this.#method = method;
    this.#dependencies = dependencies;
    this.#decode = requestDecoder(method.descriptor);
    this.#checkRequest = requestRules(method.descriptor.requestType);
    this.#checkResponse = encodeCheck(method.descriptor.responseType);
    this.#streamsRequests = method.kind === 'client-stream' || method.kind === 'bidi';
    this.#spanName = method.descriptor.path.slice(1);
    // names of the stable RPC conventions, semconv 1.45
    this.#spanOptions = {
      kind: SpanKind.SERVER,
      attributes: { 'rpc.system.name': 'grpc', 'rpc.method': this.#spanName },
    };
  }

  begin(incoming: IncomingCall): ActiveCall {
    return new ActiveCall(this.descriptor.path, incoming, this.#dependencies, this.#nextRequestId);
  }

  async answer(call: ActiveCall, input: CallInput): Promise<object> {
    try {
      const tracing = this.#trace(call);
      await this.#admit(call);
      const request = this.#checked(call, input);
      const promise = tracing ? context.with(tracing, () => this.#handle(call, request)) : this.#handle(call, request);
      const response = await (promise as Promise<object>);
      if (call.ended ?? call.fault) throw call.ended ?? call.fault;
      this.#assertEncodable(response);
      call.succeed();
      return response;
    } catch (error) {
      throw call.fail(error);
    }
  }

  async *stream(call: ActiveCall, input: CallInput): AsyncGenerator<object, void, undefined> {
    let output: AsyncIterator<object> | undefined;
    const closeOutput = (): void => {
      // a generator that waits for more demand ends here; one that is busy sees its signal, its failure is not news
      void Promise.resolve(output?.return?.()).catch(() => undefined);
    };
    try {
      const tracing = this.#trace(call);
      await this.#admit(call);
      const request = this.#checked(call, input);
      const within = <Result>(work: () => Result): Result => (tracing ? context.with(tracing, work) : work());
      const iterator = within(() => (this.#handle(call, request) as AsyncIterable<object>)[Symbol.asyncIterator]());
      output = iterator;
      call.onEnd(closeOutput);
      for (;;) {
        const next = await within(() => iterator.next());
        if (call.ended ?? call.fault) throw call.ended ?? call.fault;
        if (next.done === true) break;
        this.#assertEncodable(next.value);
        yield next.value;
      }
      output = undefined;
      call.succeed();
    } catch (error) {
      throw call.fail(error);
    } finally {
      // also reached when whoever reads this stops reading
      if (!call.finished) call.end(new CallCancelledError());
      if (!call.finished) call.fail(call.ended);
      call.offEnd(closeOutput);
      closeOutput();
    }
  }

  #trace(call: ActiveCall): Context | undefined {
    const { tracer } = this.#dependencies;
    return tracer && call.trace((parent) => tracer.startSpan(this.#spanName, this.#spanOptions, parent));
  }

  /** Who calls, and may they: nothing of the request is looked at before that. */
  async #admit(call: ActiveCall): Promise<void> {
    const { permission } = this.#method;
    if (permission === 'public') {
      call.caller = ANONYMOUS;
      return;
    }
    const authorization = call.header('authorization');
    const workspace = call.header(WORKSPACE_HEADER);
    call.caller = await this.#dependencies.resolveCaller(
      { ...(authorization !== undefined && { authorization }), ...(workspace !== undefined && { workspace }) },
      call.signal,
    );
    if (call.ended) throw call.ended;
    if (permission !== 'authenticated') assertPermitted(call.caller, permission);
  }

  #checked(call: ActiveCall, input: CallInput): CallInput {
    if (this.#streamsRequests) return this.#checkedStream(call, input as AsyncIterable<object>);
    return this.#opened(input);
  }

  /** Only here is a message decoded: that can take seconds, which nobody gets who may not call. */
  #opened(message: object): object {
    const request = message instanceof EncodedMessage ? this.#decode(message.bytes) : message;
    this.#assertValid(request);
    return request;
  }

  /** Hands on one message per demand; a wrong one fails the call even when the handler shrugs it off. */
  async *#checkedStream(call: ActiveCall, messages: AsyncIterable<object>): AsyncGenerator<object, void, undefined> {
    try {
      for await (const message of messages) {
        yield this.#opened(message);
      }
    } catch (error) {
      call.fault ??= call.ended ?? error; // a stream that breaks when its caller leaves is not at fault
      throw call.fault;
    }
    if (call.ended) throw call.ended;
  }

  #handle(call: ActiveCall, input: CallInput): Promise<object> | AsyncIterable<object> {
    const method = this.#method;
    if (method.kind === 'unary' || method.kind === 'server-stream') return method.handle(input, call);
    return method.handle(input as AsyncIterable<object>, call);
  }

  #assertValid(message: object): void {
    if (message instanceof UndecodableMessage) {
      const { requestType } = this.descriptor;
      throw InvalidArgumentError.of('request', `is not a valid message of type ${requestType}`, {
        cause: message.cause,
      });
    }
    this.#checkRequest(message);
  }

  /** @throws {Error} not a domain error: the caller cannot mend the answer. */
  #assertEncodable(response: object): void {
    try {
      this.#checkResponse(response);
    } catch (cause) {
      throw new Error(`the response of ${this.descriptor.path} cannot be encoded: ${String(cause)}`, { cause });
    }
  }
}
