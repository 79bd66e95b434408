import {
  Metadata,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { ExhaustedError } from '@slipway/kernel';
import type { ActiveCall, IncomingCall } from './call.ts';
import { CallCancelledError, DeadlineExceededError, toFailure } from './errors.ts';
import type { MethodInvoker } from './invoker.ts';
import type { StallWatch } from './stall-watch.ts';

interface ServerCall {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}
type Readable = ServerReadableStream<object, object> | ServerDuplexStream<object, object>;
type Writable = ServerWritableStream<object, object> | ServerDuplexStream<object, object>;

class GrpcIncomingCall implements IncomingCall {
  readonly deadlineMs: number | undefined;
  readonly #metadata: Metadata;
  constructor(call: ServerCall) {
    this.#metadata = call.metadata;
    const deadline = Number(call.getDeadline());
    this.deadlineMs = Number.isFinite(deadline) ? deadline : undefined;
  }
  header(name: string): string | undefined {
    const [value] = this.#metadata.get(name);
    return typeof value === 'string' ? value : undefined;
  }
}

/** The caller's own timer goes off first, by the time the call took to get here: a cancel this close to the deadline is the deadline. */
const DEADLINE_SLACK_MS = 50;

function begin(method: MethodInvoker, grpcCall: ServerCall, nowMs: () => number): ActiveCall {
  const call = method.begin(new GrpcIncomingCall(grpcCall));
  grpcCall.on('cancelled', () => {
    if (call.finished) return; // grpc-js also says so after the status went out
    const isLate = call.deadlineMs !== undefined && nowMs() + DEADLINE_SLACK_MS >= call.deadlineMs;
    call.end(isLate ? new DeadlineExceededError() : new CallCancelledError());
  });
  return call;
}

function trailersOf(call: ActiveCall): Metadata | undefined {
  if (!call.trailers) return undefined;
  const metadata = new Metadata();
  for (const [name, value] of call.trailers) metadata.set(name, value);
  return metadata;
}

/** What grpc-js makes a status of. */
function serviceError(call: ActiveCall, error: unknown): Error & { code: number; details: string; metadata: Metadata } {
  const failure = toFailure(error, call.requestId);
  const metadata = trailersOf(call) ?? new Metadata();
  metadata.set('grpc-status-details-bin', failure.details);
  return Object.assign(new Error(failure.message), { code: failure.code, details: failure.message, metadata });
}

/**
 * Messages of a streaming call, one per demand; at most the 16 of the stream's own buffer wait. Leaving the loop must not destroy the
 * stream: its other half still has to carry the answer.
 */
async function* inbound(
  grpcCall: Readable,
  call: ActiveCall,
  stalls: StallWatch,
): AsyncGenerator<object, void, undefined> {
  let fail: (error: Error) => void = () => undefined;
  const wait = stalls.watch(() => {
    fail(new ExhaustedError(`no message came for ${stalls.limitMs} ms`, { reason: 'STREAM_IDLE' }));
  });
  const messages = grpcCall.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  try {
    for (;;) {
      wait.begin();
      const next = await new Promise<IteratorResult<object, undefined>>((resolve, reject) => {
        fail = reject;
        messages.next().then(resolve as (result: IteratorResult<unknown>) => void, reject);
      });
      wait.end();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    wait.forget();
    // not awaited: after a stall it waits for the message that does not come, until grpc-js destroys the stream
    void Promise.resolve(messages.return?.()).catch(() => undefined);
  }
}

function writable(grpcCall: Writable, call: ActiveCall): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      grpcCall.off('drain', done);
      call.offEnd(done);
      resolve();
    };
    grpcCall.once('drain', done);
    call.onEnd(done);
  });
}

async function send(grpcCall: Writable, call: ActiveCall, responses: AsyncIterable<object>): Promise<void> {
  try {
    for await (const response of responses) {
      if (call.ended) break; // leaves the loop through return(), which ends the handler
      if (!grpcCall.write(response)) await writable(grpcCall, call);
    }
    grpcCall.end(trailersOf(call));
  } catch (error) {
    grpcCall.emit('error', serviceError(call, error));
  }
}

/** Handlers of grpc-js for one method of ours. */
export function bindMethod(method: MethodInvoker, stalls: StallWatch, nowMs: () => number): UntypedHandleCall {
  const unary: handleUnaryCall<object, object> = (grpcCall, respond) => {
    const call = begin(method, grpcCall, nowMs);
    method.answer(call, grpcCall.request).then(
      (response) => respond(null, response, trailersOf(call)),
      (error: unknown) => respond(serviceError(call, error)),
    );
  };
  const clientStream: handleClientStreamingCall<object, object> = (grpcCall, respond) => {
    const call = begin(method, grpcCall, nowMs);
    method.answer(call, inbound(grpcCall, call, stalls)).then(
      (response) => respond(null, response, trailersOf(call)),
      (error: unknown) => respond(serviceError(call, error)),
    );
  };
  const serverStream: handleServerStreamingCall<object, object> = (grpcCall) => {
    const call = begin(method, grpcCall, nowMs);
    void send(grpcCall, call, method.stream(call, grpcCall.request));
  };
  const bidi: handleBidiStreamingCall<object, object> = (grpcCall) => {
    const call = begin(method, grpcCall, nowMs);
    void send(grpcCall, call, method.stream(call, inbound(grpcCall, call, stalls)));
  };
  return { unary, 'client-stream': clientStream, 'server-stream': serverStream, bidi }[method.descriptor.kind];
}
