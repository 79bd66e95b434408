import { subjectMatches, type SubscribeOptions } from '@slipway/plugin-kit';
import type { DurableTable } from './durable-table.ts';
import { globOf, type EventLog, type LogRow } from './event-log.ts';
import type { WriteQueue } from './write-queue.ts';

/** Rows looked at in one read, so that a selective filter on a long log does not keep the event loop. */
const SCAN_ROWS = 4_096;
/** Beyond this distance counting what is pending would cost more than the number is worth. */
const PENDING_COUNT_MAX = 50_000;

export interface Taken {
  readonly row: LogRow;
  readonly failures: number;
  readonly redelivered: boolean;
}

/** What all subscriptions of one durable in this process share: where reading continues, what is handed out, what is acknowledged. */
export class Durable {
  readonly name: string;
  readonly #subject: string;
  readonly #glob: string;
  readonly #log: EventLog;
  readonly #table: DurableTable;
  readonly #writes: WriteQueue;
  readonly #failures: Map<number, number>;
  readonly #lastStored: () => number;
  /** Handed out and not yet durably acknowledged; in order of sequence unless something was given back. */
  readonly #unsettled = new Set<number>();
  #isOrdered = true;
  /** Everything up to here was read. */
  #cursor: number;
  #floor: number;
  #delivered: number;
  /** Handed out in an earlier life when at or below this. */
  #redeliveredUpTo: number;
  #acknowledging: number[] = [];
  #acknowledged: Promise<void> | undefined;

  constructor(
    parts: { log: EventLog; table: DurableTable; writes: WriteQueue; lastStored: () => number },
    options: SubscribeOptions,
  ) {
    this.name = options.durable;
    this.#subject = options.subject;
    this.#glob = globOf(options.subject);
    this.#log = parts.log;
    this.#table = parts.table;
    this.#writes = parts.writes;
    this.#lastStored = parts.lastStored;
    const position = parts.table.claim(options.durable, options.subject, () =>
      options.from === 'now' ? parts.lastStored() : 0,
    );
    this.#cursor = position.floor;
    this.#floor = position.floor;
    this.#delivered = position.delivered;
    this.#redeliveredUpTo = position.delivered;
    this.#failures = parts.table.failures(options.durable);
  }

  get subject(): string {
    return this.#subject;
  }

  /** Whether everything stored was read. */
  get isCaughtUp(): boolean {
    return this.#cursor >= this.#lastStored();
  }

  /** The next messages of this durable in order, at most `limit`; an empty answer while not caught up only means: ask again. */
  take(limit: number): Taken[] {
    const upTo = Math.min(this.#cursor + SCAN_ROWS, this.#lastStored());
    if (upTo <= this.#cursor) return [];
    const rows = this.#log.read(this.#cursor, upTo, this.#glob, this.name, limit);
    this.#cursor = rows.length === limit ? (rows.at(-1)?.sequence ?? upTo) : upTo;
    const taken = rows.filter(
      (row) => !this.#unsettled.has(row.sequence) && subjectMatches(this.#subject, row.subject),
    );
    const last = taken.at(-1)?.sequence ?? 0;
    if (last > this.#delivered) {
      // Before any of them is handed out, so that after the end of the process it is known which may have been.
      this.#table.recordDelivered(this.name, last);
      this.#delivered = last;
    }
    for (const row of taken) this.#unsettled.add(row.sequence);
    return taken.map((row) => ({
      row,
      failures: this.#failures.get(row.sequence) ?? 0,
      redelivered: row.sequence <= this.#redeliveredUpTo,
    }));
  }

  /** Resolves when durable; acknowledgements of one turn share one write. */
  acknowledge(sequence: number): Promise<void> {
    this.#acknowledging.push(sequence);
    this.#acknowledged ??= this.#flushAcknowledged();
    return this.#acknowledged;
  }

  async #flushAcknowledged(): Promise<void> {
    let batch: number[] = [];
    let floor = this.#floor;
    try {
      await this.#writes.submit(() => {
        batch = this.#acknowledging;
        this.#acknowledging = [];
        this.#acknowledged = undefined; // whoever comes from now on needs the next write
        for (const sequence of batch) this.#unsettled.delete(sequence);
        floor = this.#computeFloor();
        this.#table.acknowledge(this.name, batch, floor, this.#floor);
        if (this.#forgetFailures(batch)) this.#table.sweepFailures(this.name, floor);
      });
      this.#floor = Math.max(this.#floor, floor);
    } catch (error) {
      this.#restoreUnsettled(batch);
      throw error;
    }
  }

  /** The write failed: nothing of it is stored, the callers repeat. */
  #restoreUnsettled(batch: readonly number[]): void {
    this.#acknowledged = undefined;
    for (const sequence of batch) this.#unsettled.add(sequence);
    this.#isOrdered = false;
  }

  #forgetFailures(sequences: readonly number[]): boolean {
    if (this.#failures.size === 0) return false;
    return sequences.filter((sequence) => this.#failures.delete(sequence)).length > 0;
  }

  #computeFloor(): number {
    if (this.#unsettled.size === 0) {
      this.#isOrdered = true;
      return this.#cursor;
    }
    let lowest = Number.MAX_SAFE_INTEGER;
    for (const sequence of this.#unsettled) {
      lowest = Math.min(lowest, sequence);
      if (this.#isOrdered) break;
    }
    return Math.min(lowest - 1, this.#cursor);
  }

  recordFailures(sequence: number, failures: number): Promise<void> {
    this.#failures.set(sequence, failures);
    return this.#writes.submit(() => this.#table.recordFailures(this.name, sequence, failures));
  }

  /** These were handed out and not settled; the next reader of this durable gets them again. */
  giveBack(sequences: readonly number[]): void {
    if (sequences.length === 0) return;
    for (const sequence of sequences) this.#unsettled.delete(sequence);
    this.#cursor = Math.min(this.#cursor, Math.min(...sequences) - 1);
    this.#redeliveredUpTo = this.#delivered;
    this.#isOrdered = false;
  }

  /** Writes down how far reading came past messages of other subjects, so that retention may delete them. */
  async persistFloor(): Promise<void> {
    const stored = await this.#writes.submit(() => {
      const floor = this.#computeFloor();
      if (floor > this.#floor) this.#table.acknowledge(this.name, [], floor, this.#floor);
      return floor;
    });
    this.#floor = Math.max(this.#floor, stored);
  }

  /** Stored and not acknowledged; undefined when too many to count now. */
  pending(): bigint | undefined {
    if (this.#lastStored() - this.#floor > PENDING_COUNT_MAX) return undefined;
    return BigInt(this.#table.countPending(this.name, this.#subject, this.#glob, this.#floor));
  }
}
