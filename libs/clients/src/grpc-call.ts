import {
  Metadata,
  status,
  type Client,
  type ClientDuplexStream,
  type ClientWritableStream,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import type { MethodDescriptor } from '@slipway/contracts';
import { fromStatus } from '@slipway/platform';
import type { CallOptions } from './client.ts';
import { AttemptFailure } from './retry.ts';

/** One attempt at one call. */
export interface Attempt {
  readonly client: Client;
  readonly method: MethodDescriptor;
  readonly headers: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly options: CallOptions;
  /** Calls that `close` of the transport has to end. */
  readonly open: Set<Cancellable>;
}

export interface Cancellable {
  cancel(): void;
}

interface GrpcCall extends Cancellable {
  on(event: 'status', listener: (status: StatusObject) => void): unknown;
}
type Writable = ClientWritableStream<object> | ClientDuplexStream<object, object>;

function metadataOf(headers: ReadonlyMap<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.set(name, value);
  return metadata;
}

function trailersOf(metadata: Metadata): Map<string, string> {
  const texts = Object.entries(metadata.getMap()).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return new Map(texts);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;
}

/** What the caller of this attempt gets to see; an abort of his own shows as the reason he gave. */
function failureOf(error: unknown, { options }: Attempt): unknown {
  if (options.signal?.aborted) return options.signal.reason;
  if (!isServiceError(error)) return error;
  const [details] = error.metadata.get('grpc-status-details-bin');
  const [pushback] = error.metadata.get('grpc-retry-pushback-ms');
  const remote = { code: error.code, message: error.details, details: Buffer.isBuffer(details) ? details : undefined };
  return new AttemptFailure(fromStatus(remote, error), pushback === undefined ? undefined : Number(pushback));
}

/** Ties a started call to the signal and to the transport; the result undoes that. */
function attach(call: GrpcCall, { options, open }: Attempt): () => void {
  const cancel = (): void => call.cancel();
  open.add(call);
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.onTrailers) {
    call.on('status', ({ code, metadata }) => {
      if (code === status.OK) options.onTrailers?.(trailersOf(metadata));
    });
  }
  return () => {
    open.delete(call);
    options.signal?.removeEventListener('abort', cancel);
  };
}

const callOptions = ({ deadlineMs }: Attempt): { deadline: number } => ({ deadline: deadlineMs });

/** Writes messages as fast as the peer takes them. Resolves when they are all written or the call is over. */
async function write(
  call: Writable,
  messages: AsyncIterable<object>,
  isOver: () => boolean,
  over: Promise<void>,
): Promise<void> {
  for await (const message of messages) {
    if (isOver()) return;
    if (call.write(message)) continue;
    await Promise.race([new Promise((resolve) => call.once('drain', resolve)), over]);
  }
  if (!isOver()) call.end();
}

/** Sends the input of a streaming call; a failure of the input itself cancels the call and is what the caller gets. */
function pump(call: Writable, input: AsyncIterable<object>): { inputError(): unknown; stop(): void } {
  let over = false;
  let failure: unknown;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const iterator = input[Symbol.asyncIterator]();
  const messages: AsyncIterable<object> = { [Symbol.asyncIterator]: () => iterator };
  call.on('error', () => undefined); // reported by the callback or by the reading side
  write(call, messages, () => over, ended).catch((error: unknown) => {
    failure = error;
    call.cancel();
  });
  return {
    inputError: () => failure,
    stop: () => {
      over = true;
      end();
      // the input may wait for more demand, which will not come; what it fails with now concerns nobody
      void Promise.resolve(iterator.return?.()).catch(() => undefined);
    },
  };
}

/** One attempt at a unary or client-stream call. Rejects with `AttemptFailure` on a status, with the caller's own error otherwise. */
export function attemptAnswer(attempt: Attempt, input: object | AsyncIterable<object>): Promise<object> {
  const { client, method, headers } = attempt;
  const { path, requestSerialize, responseDeserialize } = method.wire;
  return new Promise((resolve, reject) => {
    let detach: () => void = () => undefined;
    let sender: ReturnType<typeof pump> | undefined;
    const done = (error: ServiceError | null, response?: object): void => {
      detach();
      sender?.stop();
      if (!error && response) resolve(response);
      else reject(sender?.inputError() ?? failureOf(error, attempt));
    };
    const metadata = metadataOf(headers);
    if (method.kind === 'unary') {
      detach = attach(
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          input,
          metadata,
          callOptions(attempt),
          done,
        ),
        attempt,
      );
      return;
    }
    const call = client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      callOptions(attempt),
      done,
    );
    detach = attach(call, attempt);
    sender = pump(call, input as AsyncIterable<object>);
  });
}

/** One attempt at a server-stream or bidi call; fails like `attemptAnswer`. Leaving the loop cancels the call. */
export async function* attemptStream(
  attempt: Attempt,
  input: object | AsyncIterable<object>,
): AsyncGenerator<object, void, undefined> {
  const { client, method, headers } = attempt;
  const { path, requestSerialize, responseDeserialize } = method.wire;
  const metadata = metadataOf(headers);
  const duplex =
    method.kind === 'bidi'
      ? client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, callOptions(attempt))
      : undefined;
  const call =
    duplex ??
    client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, input, metadata, callOptions(attempt));
  const detach = attach(call, attempt);
  const sender = duplex && pump(duplex, input as AsyncIterable<object>);
  try {
    for await (const response of call) yield response as object;
  } catch (error) {
    throw sender?.inputError() ?? failureOf(error, attempt);
  } finally {
    detach();
    sender?.stop();
    call.on('error', () => undefined); // the cancel below comes back as one
    call.cancel();
  }
}
