import { recordEvent } from '@slipway/contracts';
import { ExhaustedError, type IdSource, type RecordedEvent } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '../database/sql-runner.ts';
import type { Outbox, UnitOfWorkContext } from '../unit-of-work/transaction.ts';
import { lockNumberOf, partitionOf } from './partition.ts';

/** Brokers carry 1 MiB by default; this leaves room for headers and for a dead letter that quotes the event. */
const EVENT_BYTES_MAX = 512 * 1024;
const EVENTS_PER_TRANSACTION_MAX = 10_000;
const ROWS_PER_INSERT = 100;

/** Collects the events of one transaction and writes them at its end. */
export class OutboxWriter implements Outbox {
  readonly #context: UnitOfWorkContext;
  readonly #now: bigint;
  readonly #ids: IdSource;
  readonly #events: { readonly event: RecordedEvent; readonly text: string }[] = [];

  constructor(context: UnitOfWorkContext, now: bigint, ids: IdSource) {
    this.#context = context;
    this.#now = now;
    this.#ids = ids;
  }

  add: Outbox['add'] = (definition, payload) => {
    const { caller, traceparent } = this.#context;
    const at = { id: this.#ids.next(), workspace: caller.workspace, time: this.#now };
    const full = traceparent === undefined ? at : { ...at, traceparent };
    const event = recordEvent(definition as Parameters<typeof recordEvent>[0], payload as object, full);
    const text = JSON.stringify({ ...event, time: event.time.toString() });
    if (Buffer.byteLength(text) > EVENT_BYTES_MAX) {
      throw new ExhaustedError(`an event of type ${event.type} is larger than ${EVENT_BYTES_MAX} bytes`, {
        reason: 'EVENT_TOO_LARGE',
      });
    }
    if (this.#events.length >= EVENTS_PER_TRANSACTION_MAX) {
      throw new ExhaustedError(`a transaction makes at most ${EVENTS_PER_TRANSACTION_MAX} events`, {
        reason: 'TOO_MANY_EVENTS',
      });
    }
    this.#events.push({ event, text });
    return event.id;
  };

  get count(): number {
    return this.#events.length;
  }

  /** The last thing but the audit trail: positions are taken under the locks of all keys, so that they grow in the order of commits. */
  async write(sql: SqlRunner): Promise<void> {
    if (this.#events.length === 0) return;
    if (sql.dialect === 'postgresql') await this.#lockKeys(sql);
    for (let start = 0; start < this.#events.length; start += ROWS_PER_INSERT) {
      const rows = this.#events.slice(start, start + ROWS_PER_INSERT);
      await sql.run(
        `insert into slipway_outbox (id, workspace, key, partition, type, event, created_at)
         values ${rows.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
        rows.flatMap(({ event, text }): SqlValue[] => [
          event.id,
          event.workspace,
          event.key,
          partitionOf(event.workspace, event.key),
          event.type,
          text,
          this.#now,
        ]),
      );
    }
  }

  /** In the order of numbers, so that two transactions never wait for each other in a circle. SQLite has one writer anyway. */
  async #lockKeys(sql: SqlRunner): Promise<void> {
    const numbers = new Set(this.#events.map(({ event }) => lockNumberOf(event.workspace, event.key)));
    const sorted = [...numbers].sort((left, right) => (left < right ? -1 : 1));
    for (let start = 0; start < sorted.length; start += ROWS_PER_INSERT) {
      const part = sorted.slice(start, start + ROWS_PER_INSERT);
      const locks = part.map(() => 'pg_advisory_xact_lock(cast(? as bigint))');
      await sql.all(`select ${locks.join(', ')}`, part);
    }
  }
}

/** Reads what the writer kept. */
export function readRecordedEvent(text: string): RecordedEvent {
  const event = JSON.parse(text) as RecordedEvent & { time: string };
  return { ...event, time: BigInt(event.time) };
}
