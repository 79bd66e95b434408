import type { Logger } from '@slipway/kernel';
import type { SqliteEventBusConfig } from './config.ts';
import type { DurableTable } from './durable-table.ts';
import type { EventLog } from './event-log.ts';

/** Rows per statement and statements per round: one round keeps the event loop for milliseconds and still outruns any publisher. */
const ROWS_MAX = 2_000;
const STATEMENTS_MAX = 100;

/** Deletes what is too old, acknowledged by all or beyond the bound, and ids beyond the deduplication window. */
export class Retention {
  readonly #log: EventLog;
  readonly #durables: DurableTable;
  readonly #config: SqliteEventBusConfig;
  readonly #logger: Logger;

  constructor(log: EventLog, durables: DurableTable, config: SqliteEventBusConfig, logger: Logger) {
    this.#log = log;
    this.#durables = durables;
    this.#config = config;
    this.#logger = logger;
  }

  /** One bounded round; yields to the event loop between statements. @returns how many messages were deleted. */
  async run(nowMs: number, signal: AbortSignal): Promise<number> {
    let deleted = 0;
    for (let statement = 0; statement < STATEMENTS_MAX && !signal.aborted; statement++) {
      const upTo = this.#deletableUpTo(nowMs);
      const rows = upTo > 0 ? this.#log.deleteUpTo(upTo, ROWS_MAX) : 0;
      const ids = this.#log.forgetIds(nowMs - this.#config.deduplicationWindowMs, ROWS_MAX);
      deleted += rows;
      if (rows + ids === 0) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return deleted;
  }

  #deletableUpTo(nowMs: number): number {
    const { maxAgeMs, acknowledgedMaxAgeMs, messagesMax } = this.#config;
    const floor = this.#durables.lowestFloor();
    const byAge = this.#log.lastStoredBefore(nowMs - maxAgeMs, ROWS_MAX);
    const byReaders =
      floor === undefined ? 0 : Math.min(floor, this.#log.lastStoredBefore(nowMs - acknowledgedMaxAgeMs, ROWS_MAX));
    const { first, last } = this.#log.bounds();
    const byCount = first === undefined ? 0 : Math.max(0, last - messagesMax);
    const forced = Math.max(byAge, byCount);
    if (first !== undefined && floor !== undefined && forced >= first && forced > floor) {
      this.#logger.warn(
        { upTo: forced, acknowledgedUpTo: floor, byAge, byCount },
        'retention deletes messages that some durable has not acknowledged',
      );
    }
    return Math.max(forced, byReaders);
  }
}
