import { readFile } from 'node:fs/promises';
import { createClient, RESP_TYPES, type RedisClientType } from '@redis/client';
import { UnavailableError, type Logger } from '@slipway/plugin-kit';
import type { RedisConfig } from './config.ts';
import { fromRedisError, isRefusal } from './redis-errors.ts';

const RECONNECT_FIRST_MS = 50;

export type RedisArgument = string | Buffer;

type BufferClient = RedisClientType<
  Record<string, never>,
  Record<string, never>,
  Record<string, never>,
  2,
  { [RESP_TYPES.BLOB_STRING]: BufferConstructor }
>;

/** One connection that is kept until it is closed: it reconnects with growing, bounded waits. What is sent while it is away fails at once. */
export class RedisConnection {
  readonly #client: BufferClient;
  readonly #log: Logger;
  #isOpen = false;
  #isAway = false;
  #lastError: unknown;

  private constructor(client: BufferClient, log: Logger) {
    this.#client = client;
    this.#log = log;
    client.on('error', (error: unknown) => this.#failed(error));
    client.on('ready', () => this.#ready());
  }

  /**
   * Tries until `signal` aborts. @param pendingMax commands that are not answered yet; more are refused.
   * @throws {DomainError} unavailable, or at once when the server refuses.
   */
  static async open(
    config: RedisConfig,
    pendingMax: number,
    log: Logger,
    signal: AbortSignal,
  ): Promise<RedisConnection> {
    const ca = config.tlsCaFile === undefined ? undefined : await readFile(config.tlsCaFile);
    const client = createClient({
      RESP: 2,
      socket: {
        ...socketOptions(config, ca),
        reconnectStrategy: (retries, cause) =>
          !connection.#isOpen && isRefusal(cause)
            ? cause
            : Math.min(config.reconnectDelayMsMax, RECONNECT_FIRST_MS * 2 ** Math.min(retries, 20)),
      },
      database: config.database,
      credentialsProvider: { type: 'async-credentials-provider', credentials: () => readCredentials(config) },
      name: 'slipway',
      disableOfflineQueue: true,
      commandsQueueMaxLength: pendingMax,
      pingInterval: config.requestTimeoutMs, // keeps a healthy connection from being taken for a dead one
      commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }, // 0: the store has one for the whole call
      maintNotifications: 'disabled',
    }) as unknown as BufferClient;
    const connection: RedisConnection = new RedisConnection(client, log);
    await connection.#open(signal);
    return connection;
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void =>
      reject(new UnavailableError('the online store was not reached in time', { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const connecting = this.#client.connect();
    try {
      await Promise.race([connecting, aborted]);
      this.#isOpen = true;
    } catch (error) {
      connecting.catch(() => undefined); // ended by the next line
      this.close();
      throw fromRedisError(this.#lastError ?? error, 'reaching the online store');
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** The answer of the server; blobs as Buffers. Commands of one turn of the event loop go out together. @throws errors of the client. */
  send(command: readonly RedisArgument[]): Promise<unknown> {
    return this.#client.sendCommand([...command]);
  }

  /** Unanswered commands fail. Safe to call twice. */
  close(): void {
    this.#isOpen = false;
    this.#client.destroy();
  }

  #failed(error: unknown): void {
    this.#lastError = error;
    if (!this.#isOpen || this.#isAway) return;
    this.#isAway = true;
    this.#log.warn({ err: error }, 'lost the online store; reconnecting');
  }

  #ready(): void {
    if (this.#isAway) this.#log.warn({}, 'connected to the online store again');
    this.#isAway = false;
  }
}

function socketOptions(config: RedisConfig, ca: Buffer | undefined) {
  const at = config.address.lastIndexOf(':');
  const host = config.address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(config.address.slice(at + 1));
  const timeouts = { connectTimeout: config.requestTimeoutMs, socketTimeout: 3 * config.requestTimeoutMs };
  if (!config.tls) return { host, port, ...timeouts };
  return { tls: true as const, host, port, ...timeouts, ...(ca ? { ca } : {}) };
}

async function readCredentials(config: RedisConfig): Promise<{ username?: string; password?: string }> {
  if (config.passwordFile === undefined) return {};
  const [password = ''] = (await readFile(config.passwordFile, 'utf8')).split(/\r?\n/, 1);
  return { ...(config.user === undefined ? {} : { username: config.user }), password };
}
