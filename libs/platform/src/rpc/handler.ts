import type { MethodDescriptor, MethodShape, ServiceDescriptor } from '@slipway/contracts';
import type { Caller, Logger } from '@slipway/kernel';

/** What a handler knows about the call it answers. */
export interface CallContext {
  readonly caller: Caller;
  /** From `x-request-id` when that is well-formed, else made here; in every log line and error of the call. */
  readonly requestId: string;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** Aborts when the caller leaves, its deadline passes or the server stops; the reason says which. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; absent when the caller set no deadline. */
  readonly deadlineMs?: number;
  /** Carries the request id. */
  readonly log: Logger;
  /** W3C trace context of this call, to be handed on to whatever it starts. */
  readonly traceparent?: string;
  /** Value of request metadata in lower case, the first one when it is repeated. Binary (`-bin`) entries are not readable here. */
  header(name: string): string | undefined;
  /** Sends `name: value` after the response; a later value replaces an earlier one. Values are printable ASCII. */
  setTrailer(name: string, value: string): void;
}

/** The plain function that answers one method: no gRPC, no status codes; failures are thrown as `DomainError`. */
export type Handler<Shape extends MethodShape> = {
  unary: (request: Shape['requestOutput'], context: CallContext) => Promise<Shape['response']>;
  'client-stream': (
    requests: AsyncIterable<Shape['requestOutput']>,
    context: CallContext,
  ) => Promise<Shape['response']>;
  'server-stream': (request: Shape['requestOutput'], context: CallContext) => AsyncIterable<Shape['response']>;
  bidi: (requests: AsyncIterable<Shape['requestOutput']>, context: CallContext) => AsyncIterable<Shape['response']>;
}[Shape['kind']];

/** One handler for each method of a service. */
export type Handlers<Shapes> = {
  readonly [Method in keyof Shapes & string]: Shapes[Method] extends MethodShape ? Handler<Shapes[Method]> : never;
};

type UnaryFunction = (request: object, context: CallContext) => Promise<object>;
type ClientStreamFunction = (requests: AsyncIterable<object>, context: CallContext) => Promise<object>;
type ServerStreamFunction = (request: object, context: CallContext) => AsyncIterable<object>;
type BidiFunction = (requests: AsyncIterable<object>, context: CallContext) => AsyncIterable<object>;

/** A method and its handler with the message types erased; `kind` tells how to call `handle`. */
export type BoundMethod = { readonly descriptor: MethodDescriptor; readonly permission: string } & (
  | { readonly kind: 'unary'; readonly handle: UnaryFunction }
  | { readonly kind: 'client-stream'; readonly handle: ClientStreamFunction }
  | { readonly kind: 'server-stream'; readonly handle: ServerStreamFunction }
  | { readonly kind: 'bidi'; readonly handle: BidiFunction }
);

/** A service with all its handlers, ready to be served by any transport. */
export interface ServiceImplementation {
  /** Full name, e.g. `slipway.registry.v1.RegistryService`. */
  readonly typeName: string;
  readonly methods: readonly BoundMethod[];
}

/**
 * Ties handlers to their contract. `handlers` may be an instance of a class; methods are called with it as `this`.
 * @throws {Error} naming every method that has no permission in the contract or no handler: such a service must not start.
 */
export function implementService<Shapes>(
  descriptor: ServiceDescriptor<Shapes>,
  handlers: Handlers<Shapes>,
): ServiceImplementation {
  const problems: string[] = [];
  const methods: BoundMethod[] = [];
  for (const [name, method] of Object.entries<MethodDescriptor>(descriptor.methods)) {
    const handler: unknown = (handlers as Record<string, unknown>)[name];
    if (method.permission === undefined) problems.push(`${method.path} declares no permission`);
    else if (typeof handler !== 'function') problems.push(`${method.path} has no handler`);
    else {
      const handle: unknown = handler.bind(handlers);
      methods.push({ descriptor: method, permission: method.permission, kind: method.kind, handle } as BoundMethod);
    }
  }
  if (problems.length > 0) throw new Error(`cannot serve ${descriptor.typeName}: ${problems.join('; ')}`);
  return Object.freeze({ typeName: descriptor.typeName, methods: Object.freeze(methods) });
}
