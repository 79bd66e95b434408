import { readFileSync } from 'node:fs';
import { jetstream, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { FailedPreconditionError, UnavailableError, type Clock, type Logger } from '@slipway/kernel';
import { HEADER_BYTES_MAX } from '@slipway/plugin-kit';
import { connect, credsAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { NatsEventBusConfig } from './config.ts';
import { fromNatsError } from './nats-errors.ts';

const RECONNECT_FIRST_MS = 50;
const OPEN_RETRY_MS = 250;
/** Our headers and what the protocol adds, above data and the headers of the message. */
const ENVELOPE_BYTES = HEADER_BYTES_MAX + 8 * 1024;

/** One connection that is kept for ever: it reconnects until it is closed, and says when it went down and came back. */
export class BrokerConnection {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly #log: Logger;
  readonly #outage: Outage;
  #isConnected = true;
  readonly #listeners = new Set<(isConnected: boolean) => void>();

  private constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    log: Logger,
    outage: Outage,
    timeoutMs: number,
  ) {
    this.connection = connection;
    this.client = jetstream(connection, { timeout: timeoutMs });
    this.manager = manager;
    this.#log = log;
    this.#outage = outage;
    void this.#watch();
  }

  /** Tries until `signal` aborts. @throws {DomainError} unavailable, or at once when the broker refuses or cannot do what is needed. */
  static async open(
    config: NatsEventBusConfig,
    clock: Clock,
    log: Logger,
    signal: AbortSignal,
  ): Promise<BrokerConnection> {
    for (;;) {
      try {
        return await BrokerConnection.#openOnce(config, clock, log);
      } catch (error) {
        const failure = fromNatsError(error, 'reaching the broker');
        if (!(failure instanceof UnavailableError)) throw failure;
        try {
          await clock.sleep(OPEN_RETRY_MS, signal);
        } catch {
          throw failure; // the caller's time is over: what kept us from the broker tells more than that
        }
      }
    }
  }

  static async #openOnce(config: NatsEventBusConfig, clock: Clock, log: Logger): Promise<BrokerConnection> {
    const outage = new Outage(clock, config.reconnectDelayMsMax);
    const connection = await connect(connectionOptions(config, outage));
    try {
      assertServer(connection, config);
      // Asks for the account: fails here when JetStream is off or not ready yet.
      const manager = await jetstream(connection, { timeout: config.publishTimeoutMs }).jetstreamManager(true);
      return new BrokerConnection(connection, manager, log, outage, config.publishTimeoutMs);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.connection.isClosed();
  }

  /** Calls `listener` at every change between connected and not, until the returned function is called. */
  onChange(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when connected. @throws the reason of `signal` when that aborts first. */
  async untilConnected(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.isConnected) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stopListening = this.onChange((isConnected) => {
      if (isConnected) resolve();
    });
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      stopListening();
      signal.removeEventListener('abort', abort);
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.#set(false);
      if (status.type === 'reconnect') this.#set(true);
      if (status.type === 'error') this.#log.warn({ err: status.error }, 'the broker reported an error');
    }
    this.#set(false);
  }

  #set(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    if (isConnected) this.#outage.end();
    else this.#outage.begin();
    this.#log.warn({ isConnected }, isConnected ? 'connected to the broker again' : 'lost the broker; reconnecting');
    for (const listener of this.#listeners) listener(isConnected);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** The wait between attempts grows with the time without a broker; the client asks for it more often than it tries, so attempts cannot be counted. */
class Outage {
  readonly #clock: Clock;
  readonly #delayMsMax: number;
  #sinceMs: number | undefined;

  constructor(clock: Clock, delayMsMax: number) {
    this.#clock = clock;
    this.#delayMsMax = delayMsMax;
  }

  begin(): void {
    this.#sinceMs = this.#clock.monotonicMs();
  }

  end(): void {
    this.#sinceMs = undefined;
  }

  delayMs(): number {
    const lasts = this.#sinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#sinceMs;
    return Math.min(this.#delayMsMax, Math.max(RECONNECT_FIRST_MS, lasts / 2));
  }
}

function connectionOptions(config: NatsEventBusConfig, outage: Outage): NodeConnectionOptions {
  const { credentialsFile, user, password, token } = config;
  return {
    servers: [...config.servers],
    name: 'slipway',
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true, // credentials may be in the middle of a rotation
    reconnectDelayHandler: () => outage.delayMs(),
    timeout: config.publishTimeoutMs,
    noAsyncTraces: true, // otherwise every request makes two stack traces in advance
    pingInterval: 10_000, // a dead peer is noticed after at most 20 s
    maxPingOut: 2,
    ...(credentialsFile ? { authenticator: credsAuthenticator(readFileSync(credentialsFile)) } : {}),
    ...(user && password ? { user, pass: password.reveal() } : {}),
    ...(token ? { token: token.reveal() } : {}),
  };
}

function assertServer(connection: NatsConnection, config: NatsEventBusConfig): void {
  const { version, max_payload: payloadMax = 0 } = connection.info ?? { version: '0.0.0' };
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 9)) {
    throw new FailedPreconditionError(`the broker is NATS ${version}, at least 2.9 is needed`);
  }
  if (payloadMax < config.messageBytesMax + ENVELOPE_BYTES) {
    throw new FailedPreconditionError(
      `messageBytesMax ${config.messageBytesMax} does not fit the broker's max_payload ${payloadMax}: lower it to ${payloadMax - ENVELOPE_BYTES} or raise max_payload`,
      { reason: 'EVENT_BUS_PAYLOAD_LIMIT' },
    );
  }
}
