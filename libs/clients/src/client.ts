import { encodeCheck, type MethodDescriptor, type MethodShape, type ServiceDescriptor } from '@slipway/contracts';

/** What one call may want; everything is optional. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** From now, for the whole call with its retries; without it the transport's default. */
  readonly timeoutMs?: number;
  /** Sent as `x-request-id`. */
  readonly requestId?: string;
  /** Workspace the call acts in; without it the first one of the caller. */
  readonly workspace?: string;
  /** Sent as metadata; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told once, when the call has ended well. */
  readonly onTrailers?: (trailers: ReadonlyMap<string, string>) => void;
}

/** The messages are checked for encoding by the client before a transport sees them. */
export interface ClientTransport {
  /** For unary and client-stream. @param input a message, or all of them in order. */
  answer(method: MethodDescriptor, input: object | AsyncIterable<object>, options: CallOptions): Promise<object>;
  /** For server-stream and bidi. Nothing is sent before the first message is asked for; leaving the loop cancels the call. */
  stream(method: MethodDescriptor, input: object | AsyncIterable<object>, options: CallOptions): AsyncIterable<object>;
  /** Ends what is in flight; safe to call twice. */
  close(): Promise<void>;
}

/** One method of a service as its caller sees it. Failures are the `DomainError` the server threw. */
export type ClientMethod<Shape extends MethodShape> = {
  unary: (request: Shape['request'], options?: CallOptions) => Promise<Shape['responseOutput']>;
  'client-stream': (
    requests: AsyncIterable<Shape['request']>,
    options?: CallOptions,
  ) => Promise<Shape['responseOutput']>;
  'server-stream': (request: Shape['request'], options?: CallOptions) => AsyncIterable<Shape['responseOutput']>;
  bidi: (requests: AsyncIterable<Shape['request']>, options?: CallOptions) => AsyncIterable<Shape['responseOutput']>;
}[Shape['kind']];

export type Client<Shapes> = {
  readonly [Method in keyof Shapes & string]: Shapes[Method] extends MethodShape ? ClientMethod<Shapes[Method]> : never;
};

type AnyMethod = (input: object | AsyncIterable<object>, options?: CallOptions) => unknown;

async function* checkedStream(
  messages: AsyncIterable<object>,
  check: (message: object) => void,
): AsyncGenerator<object, void, undefined> {
  for await (const message of messages) {
    check(message);
    yield message;
  }
}

function clientMethod(method: MethodDescriptor, transport: ClientTransport): AnyMethod {
  const check = encodeCheck(method.requestType);
  switch (method.kind) {
    case 'unary':
      return async (request, options = {}) => {
        check(request);
        return transport.answer(method, request, options);
      };
    case 'client-stream':
      return async (requests, options = {}) =>
        transport.answer(method, checkedStream(requests as AsyncIterable<object>, check), options);
    case 'server-stream':
      return (request, options = {}) => {
        check(request);
        return transport.stream(method, request, options);
      };
    case 'bidi':
      return (requests, options = {}) =>
        transport.stream(method, checkedStream(requests as AsyncIterable<object>, check), options);
  }
}

/**
 * A typed client of one service over any transport.
 * A request that encoding would change is refused with `InvalidArgumentError` before anything is sent.
 */
export function createClient<Shapes>(
  descriptor: ServiceDescriptor<Shapes>,
  transport: ClientTransport,
): Client<Shapes> {
  const methods = Object.entries<MethodDescriptor>(descriptor.methods).map(([name, method]): [string, AnyMethod] => [
    name,
    clientMethod(method, transport),
  ]);
  return Object.freeze(Object.fromEntries(methods)) as Client<Shapes>;
}
