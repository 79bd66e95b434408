import {
  assertOnlineReads,
  assertOnlineRows,
  assertOnlineTable,
  FailedPreconditionError,
  greatestByKey,
  StartedCalls,
  UnavailableError,
  type DriverDependencies,
  type OnlineRead,
  type OnlineRow,
  type OnlineStore,
  type OnlineTable,
  type StoredRow,
} from '@slipway/plugin-kit';
import type { RedisConfig } from './config.ts';
import { RedisConnection } from './redis-connection.ts';
import { fromRedisError, replyCode } from './redis-errors.ts';
import { keyArgument, packedBytes, packRows, tableKey, unpackRow } from './row-codec.ts';
import { checkServer } from './server-check.ts';
import { STORE_GREATER_SCRIPT, STORE_GREATER_SHA1 } from './store-greater-script.ts';

/** Of one run of the script: the server does nothing else meanwhile, so this bounds how long it keeps readers waiting. */
const SCRIPT_ROWS_MAX = 128;
const SCRIPT_BYTES_MAX = 256 * 1024;
/** Unanswered commands: reads are small, a write holds its rows. */
const READS_PENDING_MAX = 16_384;
const WRITES_PENDING_MAX = 1_024;

interface Connections {
  readonly reads: RedisConnection;
  /** Its own, so that a read does not wait for the answers of a bulk load. */
  readonly writes: RedisConnection;
}

/** The online store on a server: a table is a hash, a row a field of it. How durable an acknowledged row is, is the server's setting. */
export class RedisOnlineStore implements OnlineStore {
  readonly capabilities = Object.freeze({ readKeysMax: 10_000, writeRowsMax: 10_000 });
  readonly #config: RedisConfig;
  readonly #dependencies: DriverDependencies;
  readonly #calls = new StartedCalls('online store');
  #connections: Connections | undefined;

  constructor(config: RedisConfig, dependencies: DriverDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#calls.open();
    const { log } = this.#dependencies;
    const reads = await RedisConnection.open(this.#config, READS_PENDING_MAX, log, signal);
    try {
      await this.#within('asking for its settings', checkServer(reads, log), signal);
      const writes = await RedisConnection.open(this.#config, WRITES_PENDING_MAX, log, signal);
      this.#connections = { reads, writes };
    } catch (error) {
      reads.close();
      throw error;
    }
  }

  read(requests: readonly OnlineRead[], signal: AbortSignal): Promise<(StoredRow | undefined)[][]> {
    return this.#calls.run(async () => {
      signal.throwIfAborted();
      assertOnlineReads(requests, this.capabilities);
      const { reads } = this.#use();
      const answers = Promise.all(requests.map((request) => this.#readTable(reads, request)));
      return this.#within('reading', answers, signal);
    });
  }

  async #readTable(reads: RedisConnection, { table, keys }: OnlineRead): Promise<(StoredRow | undefined)[]> {
    if (keys.length === 0) return [];
    const command = ['HMGET', tableKey(this.#config.keyPrefix, table), ...keys.map(keyArgument)];
    const rows = (await reads.send(command)) as readonly (Buffer | null)[];
    return rows.map((row) => (row === null ? undefined : unpackRow(row)));
  }

  write(table: OnlineTable, rows: readonly OnlineRow[], signal: AbortSignal): Promise<{ stored: number }> {
    return this.#calls.run(async () => {
      signal.throwIfAborted();
      assertOnlineRows(table, rows, this.capabilities);
      const { writes } = this.#use();
      const key = tableKey(this.#config.keyPrefix, table);
      const parts = partsOf(greatestByKey(rows)).map((part) => storePart(writes, key, packRows(part)));
      const stored = await this.#within('writing', Promise.all(parts), signal);
      return { stored: stored.reduce((sum, part) => sum + part, 0) };
    });
  }

  drop(table: OnlineTable, signal: AbortSignal): Promise<void> {
    return this.#calls.run(async () => {
      signal.throwIfAborted();
      assertOnlineTable(table);
      const { writes } = this.#use();
      await this.#within('dropping', writes.send(['UNLINK', tableKey(this.#config.keyPrefix, table)]), signal);
    });
  }

  async close(): Promise<void> {
    await this.#calls.close();
    this.#connections?.reads.close();
    this.#connections?.writes.close();
    this.#connections = undefined;
  }

  /** The answer, or an error after the time of a call or when the caller gives up. What was sent may still be carried out. */
  async #within<T>(doing: string, answer: Promise<T>, signal: AbortSignal): Promise<T> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const { requestTimeoutMs } = this.#config;
    const late = `${doing} failed: the online store gave no answer within ${requestTimeoutMs} ms`;
    const timer = setTimeout(
      () => reject(new UnavailableError(late, { reason: 'ONLINE_STORE_TIMEOUT' })),
      requestTimeoutMs,
    );
    const abort = (): void =>
      reject(new UnavailableError(`${doing} was given up by the caller`, { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([answer, over]);
    } catch (error) {
      throw fromRedisError(error, doing);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  #use(): Connections {
    if (!this.#connections)
      throw new FailedPreconditionError('the online store did not open', { reason: 'DRIVER_NOT_OPEN' });
    return this.#connections;
  }
}

/** The server forgets its scripts when it restarts: then the first to notice sends the text again. */
async function storePart(writes: RedisConnection, key: string, packed: Buffer): Promise<number> {
  try {
    return Number(await writes.send(['EVALSHA', STORE_GREATER_SHA1, '1', key, packed]));
  } catch (error) {
    if (replyCode(error) !== 'NOSCRIPT') throw error;
    return Number(await writes.send(['EVAL', STORE_GREATER_SCRIPT, '1', key, packed]));
  }
}

function partsOf(rows: readonly OnlineRow[]): OnlineRow[][] {
  const parts: OnlineRow[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const last = parts.at(-1);
    bytes += packedBytes(row);
    if (last && last.length < SCRIPT_ROWS_MAX && bytes <= SCRIPT_BYTES_MAX) last.push(row);
    else {
      parts.push([row]);
      bytes = packedBytes(row);
    }
  }
  return parts;
}
