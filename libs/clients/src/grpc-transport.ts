import { Client, credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { systemClock, systemRandom, UnavailableError, type Clock, type Random } from '@slipway/kernel';
import type { MethodDescriptor } from '@slipway/contracts';
import { callHeaders, DEFAULT_TIMEOUT_MS, timeoutOf, type TokenProvider } from './call-headers.ts';
import type { CallOptions, ClientTransport } from './client.ts';
import { attemptAnswer, attemptStream, type Attempt, type Cancellable } from './grpc-call.ts';
import { AttemptFailure, isRepeatable, nextAttemptMs } from './retry.ts';

export interface GrpcTransportOptions {
  /** `host:port`, or any target of grpc-js. */
  readonly address: string;
  readonly token?: TokenProvider;
  /** For calls that name none. */
  readonly workspace?: string;
  /** PEM. `{}` trusts the public authorities; absent means plain text. */
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly limits?: { readonly messageBytesMax?: number };
  readonly defaultTimeoutMs?: number;
  /** For deadlines and back-off. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** As the server's. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** A megabyte comes without waiting for a window update; the default of 64 KiB halves the throughput. */
const WINDOW_BYTES = 4 * 1024 * 1024;

function channelOptions(messageBytesMax: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': messageBytesMax,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.enable_channelz': 0, // its bookkeeping costs every call and nothing here reads it
    'grpc.use_local_subchannel_pool': 1, // `close` then closes the connection itself
    'grpc.initial_reconnect_backoff_ms': 100, // a restarted service is found again within a blink
    'grpc.max_reconnect_backoff_ms': 5_000,
  };
}

function channelCredentials(tls: GrpcTransportOptions['tls']): ChannelCredentials {
  return tls ? credentials.createSsl(tls.ca, tls.key, tls.cert) : credentials.createInsecure();
}

/** The error inside: attempts are nobody's business outside. */
function shown(error: unknown): unknown {
  return error instanceof AttemptFailure ? error.error : error;
}

class GrpcTransport implements ClientTransport {
  readonly #options: GrpcTransportOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #client: Client;
  readonly #open = new Set<Cancellable>();
  #closed = false;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    const messageBytesMax = options.limits?.messageBytesMax ?? MESSAGE_BYTES_MAX;
    this.#client = new Client(options.address, channelCredentials(options.tls), channelOptions(messageBytesMax));
  }

  async answer(method: MethodDescriptor, input: object | AsyncIterable<object>, options: CallOptions): Promise<object> {
    const attempt = this.#attempt(method, options);
    for (let count = 0; ; count += 1) {
      try {
        return await attemptAnswer(attempt, input);
      } catch (error) {
        await this.#waitOrThrow(attempt, count, error);
      }
    }
  }

  async *stream(
    method: MethodDescriptor,
    input: object | AsyncIterable<object>,
    options: CallOptions,
  ): AsyncGenerator<object, void, undefined> {
    const attempt = this.#attempt(method, options);
    let received = false;
    for (let count = 0; ; count += 1) {
      try {
        for await (const response of attemptStream(attempt, input)) {
          received = true;
          yield response;
        }
        return;
      } catch (error) {
        if (received) throw shown(error); // what was handed on cannot be taken back
        await this.#waitOrThrow(attempt, count, error);
      }
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const call of this.#open) call.cancel();
    this.#client.close();
    return Promise.resolve();
  }

  #attempt(method: MethodDescriptor, options: CallOptions): Attempt {
    if (this.#closed) throw new UnavailableError('the transport is closed', { reason: 'TRANSPORT_CLOSED' });
    options.signal?.throwIfAborted();
    const timeoutMs = timeoutOf(options, this.#options.defaultTimeoutMs ?? DEFAULT_TIMEOUT_MS);
    const headers = callHeaders(options, this.#options);
    const deadlineMs = this.#nowMs() + timeoutMs;
    return { client: this.#client, method, headers, deadlineMs, options, open: this.#open };
  }

  async #waitOrThrow(attempt: Attempt, count: number, error: unknown): Promise<void> {
    const remainingMs = attempt.deadlineMs - this.#nowMs();
    const mayRepeat = isRepeatable(attempt.method) && !this.#closed;
    const waitMs = mayRepeat ? nextAttemptMs(count, error, remainingMs, this.#random) : undefined;
    if (waitMs === undefined) throw shown(error);
    await this.#clock.sleep(waitMs, attempt.options.signal);
  }

  #nowMs(): number {
    return Number(this.#clock.now() / 1000n);
  }
}

/**
 * Calls over gRPC. Every call has a deadline; failures come back as the `DomainError` the server threw; an UNAVAILABLE read is repeated
 * up to twice with jitter. Connects at the first call.
 */
export function grpcTransport(options: GrpcTransportOptions): ClientTransport {
  return new GrpcTransport(options);
}
