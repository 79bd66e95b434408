import { toBusMessage } from '@slipway/contracts';
import { InvalidArgumentError, type Clock, type Component, type Logger, type Micros } from '@slipway/kernel';
import type { BusHead, EventBus, PublishReceipt } from '@slipway/plugin-kit';
import type { Database } from '../database/open-database.ts';
import { readRecordedEvent } from './outbox-writer.ts';
import {
  markPublished,
  markRejected,
  purgeNotes,
  purgePublished,
  readBacklog,
  readWaiting,
  reopenLost,
  reopenRange,
  type WaitingRow,
} from './outbox-rows.ts';
import { acquireLeases, endAllLeases, releaseLeases, type Lease } from './partition-leases.ts';
import { WakeSignal } from './wake-signal.ts';

/** Steps at which a kill test ends the process. */
export type RelayStep = 'after-publish' | 'after-mark';

export interface OutboxRelayOptions {
  readonly database: Database;
  readonly bus: EventBus;
  /** Publishing service, for the CloudEvents source. */
  readonly service: string;
  /** Name of this process among the relays of the service; unique per start. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Rows per round; bounds what is published twice after a crash. */
  readonly batchRows?: number;
  /** Worst added latency for events committed by another process. */
  readonly pollMs?: number;
  /** How long the partitions of a relay that died stay without one. */
  readonly leaseMs?: number;
  /** No other process has this database: leases that were left behind are taken over at once. */
  readonly isAlone?: boolean;
  /** How often the log of the bus is compared with what was published. */
  readonly reconcileMs?: number;
  /** How long published events can be published again. The inbox remembers twice as long, so that it knows whatever comes again. */
  readonly retentionMs?: number;
  readonly atStep?: (step: RelayStep) => void;
}

export interface OutboxRelayStatus {
  /** Rows that wait, as of the last round that looked. */
  readonly backlog: number;
  /** Age of the oldest waiting row, 0 without one. */
  readonly oldestAgeMs: number;
  readonly published: number;
  /** Rounds that failed, mostly because the bus was down. */
  readonly failures: number;
  /** Events the bus will never take; they stay in the table with the reason. */
  readonly rejected: number;
  /** Rows published again because the bus had lost them. */
  readonly republished: number;
  readonly partitions: number;
}

export interface OutboxRelay extends Component {
  /** There is something new: called after each commit. */
  wake(): void;
  /** Publishes until nothing waits in this relay's partitions. @throws the signal's reason when it aborts before. */
  flush(signal: AbortSignal): Promise<void>;
  /** Publishes the events of a time range again, with the same ids. @returns how many. */
  republish(from: Micros, to: Micros): Promise<number>;
  /** Compares with the bus now. @returns how many rows it had lost. */
  reconcile(): Promise<number>;
  status(): OutboxRelayStatus;
}

const DEFAULTS = { batchRows: 200, pollMs: 250, leaseMs: 15_000, reconcileMs: 10_000, retentionMs: 7 * 86_400_000 };
const BACKOFF_MS_MAX = 5_000;
const PUBLISH_TIMEOUT_MS = 30_000;
const PURGE_ROWS = 1_000;
const HOUSEKEEPING_MS = 60_000;

/** Publishes what units of work left in the outbox: at least once, in order per key, also over crashes and losses of the broker. */
export function createOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  return new Relay({ ...DEFAULTS, ...options });
}

class Relay implements OutboxRelay {
  readonly name = 'outbox-relay';
  readonly #options: OutboxRelayOptions & typeof DEFAULTS;
  readonly #stop = new AbortController();
  readonly #wakeSignal = new WakeSignal();
  readonly #counts = { backlog: 0, published: 0, failures: 0, rejected: 0, republished: 0 };
  #oldest: Micros | undefined;
  #leases: ReadonlyMap<number, Lease> = new Map();
  #head: BusHead | undefined;
  #due = { lease: 0, reconcile: 0, housekeeping: 0 };
  #loop: Promise<void> | undefined;
  #round: Promise<number> = Promise.resolve(0);

  constructor(options: OutboxRelayOptions & typeof DEFAULTS) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#loop ??= this.#run();
    return Promise.resolve();
  }

  async drain(signal: AbortSignal): Promise<void> {
    await this.flush(signal);
  }

  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    await this.#loop;
    try {
      await this.#options.database.write(({ sql }) => releaseLeases(sql, this.#options.owner));
    } catch (error) {
      this.#options.log.debug({ error }, 'leases of the outbox end by themselves'); // the database is gone; so are we
    }
  }

  wake(): void {
    this.#wakeSignal.wake();
  }

  async flush(signal: AbortSignal): Promise<void> {
    for (let failures = 0; ;) {
      signal.throwIfAborted();
      try {
        if ((await this.#exclusiveRound()) === 0) return;
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#options.log.warn({ error, failures }, 'flush of the outbox failed; trying again');
        await this.#options.clock.sleep(Math.min(1_000, 20 * 2 ** failures), signal);
      }
    }
  }

  async republish(from: Micros, to: Micros): Promise<number> {
    const rows = await this.#options.database.write(({ sql }) => reopenRange(sql, from, to));
    this.wake();
    return rows;
  }

  async reconcile(): Promise<number> {
    const { bus, database, clock, reconcileMs, log } = this.#options;
    const head = await bus.head();
    const rows = await database.write(({ sql }) => reopenLost(sql, head));
    this.#head = head;
    this.#due.reconcile = clock.monotonicMs() + reconcileMs;
    this.#counts.republished += rows;
    if (rows > 0)
      log.warn(
        { rows, ...head, lastSequence: head.lastSequence.toString() },
        'the bus lost events; publishing them again',
      );
    return rows;
  }

  status(): OutboxRelayStatus {
    const now = this.#options.clock.now();
    const oldestAgeMs = this.#oldest === undefined ? 0 : Math.max(0, Number((now - this.#oldest) / 1000n));
    return { ...this.#counts, oldestAgeMs, partitions: this.#leases.size };
  }

  async #run(): Promise<void> {
    const { pollMs, log } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const rows = await this.#exclusiveRound();
        failures = 0;
        if (rows === 0) await this.#wakeSignal.sleep(pollMs, signal);
      } catch (error) {
        failures += 1;
        this.#counts.failures += 1;
        this.#due.reconcile = 0; // a broker that comes back may have lost something
        const waitMs = Math.min(BACKOFF_MS_MAX, pollMs * 2 ** Math.min(failures - 1, 10));
        log.warn({ error, failures, waitMs }, 'events could not be published; trying again');
        await this.#options.clock.sleep(waitMs, signal).catch(() => undefined); // aborted: the loop ends by its condition
      }
    }
  }

  /** `flush` and the loop share the work; two rounds at once would publish the same rows twice. */
  #exclusiveRound(): Promise<number> {
    const previous = this.#round.catch(() => 0); // whoever began it has handled its failure
    this.#round = previous.then(() => this.#publishRound());
    return this.#round;
  }

  /** @returns the number of rows dealt with; 0 means that nothing waits. */
  async #publishRound(): Promise<number> {
    const { database, batchRows, clock } = this.#options;
    await this.#renew();
    if (this.#head === undefined || clock.monotonicMs() >= this.#due.reconcile) await this.reconcile();
    const partitions = [...this.#leases.keys()];
    const rows = await database.read(({ sql }) => readWaiting(sql, partitions, batchRows));
    await this.#keepHouse(rows.length);
    if (rows.length === 0) return 0;
    const published = await this.#publish(rows);
    this.#options.atStep?.('after-publish');
    const at = { leases: this.#leases, owner: this.#options.owner, logId: this.#head?.logId ?? '', now: clock.now() };
    const marked = await database.write(({ sql }) => markPublished(sql, published, at));
    if (marked < published.length) this.#due.lease = 0; // another relay took over: ask what is left to us
    this.#counts.published += marked;
    this.#options.atStep?.('after-mark');
    // A sequence at or below what the log had before means that it was cut in between.
    const floor = this.#head?.lastSequence ?? 0n;
    if (published.some(({ receipt }) => !receipt.duplicate && receipt.sequence <= floor)) this.#due.reconcile = 0;
    return rows.length;
  }

  async #publish(rows: readonly WaitingRow[]): Promise<{ row: WaitingRow; receipt: PublishReceipt }[]> {
    const { bus } = this.#options;
    const messages = rows.map((row) => this.#toMessage(row));
    const signal = AbortSignal.timeout(PUBLISH_TIMEOUT_MS);
    try {
      const receipts = await bus.publish(messages, signal);
      return rows.flatMap((row, index) => {
        const receipt = receipts[index];
        return receipt ? [{ row, receipt }] : [];
      });
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      const [only] = rows;
      if (rows.length > 1 || !only) return this.#publishOneByOne(rows);
      await this.#reject(only, error);
      return [];
    }
  }

  async #publishOneByOne(rows: readonly WaitingRow[]): Promise<{ row: WaitingRow; receipt: PublishReceipt }[]> {
    const published: { row: WaitingRow; receipt: PublishReceipt }[] = [];
    for (const row of rows) published.push(...(await this.#publish([row])));
    return published;
  }

  async #reject(row: WaitingRow, error: InvalidArgumentError): Promise<void> {
    const { database, log } = this.#options;
    await database.write(({ sql }) => markRejected(sql, row.position, error.message));
    this.#counts.rejected += 1;
    log.error({ error, id: readRecordedEvent(row.event).id }, 'the bus refuses an event; it is put aside');
  }

  #toMessage(row: WaitingRow): ReturnType<typeof toBusMessage> {
    return toBusMessage(readRecordedEvent(row.event), this.#options.service);
  }

  async #renew(): Promise<void> {
    const { clock, database, owner, leaseMs, isAlone } = this.#options;
    if (clock.monotonicMs() < this.#due.lease) return;
    const isFirst = this.#due.lease === 0 && this.#leases.size === 0;
    this.#leases = await database.write(async ({ sql }) => {
      if (isAlone && isFirst) await endAllLeases(sql);
      return acquireLeases(sql, owner, clock.now(), BigInt(leaseMs) * 1000n);
    });
    this.#due.lease = clock.monotonicMs() + leaseMs / 3;
  }

  /** Counts and purges; after each batch would cost more than it tells. */
  async #keepHouse(rows: number): Promise<void> {
    const { clock, database, retentionMs } = this.#options;
    if (rows === 0) {
      this.#counts.backlog = 0;
      this.#oldest = undefined;
    }
    const now = clock.monotonicMs();
    if (now < this.#due.housekeeping && rows === 0 && this.#leases.size > 0) return;
    const backlog = await database.read(({ sql }) => readBacklog(sql));
    this.#counts.backlog = backlog.rows;
    this.#oldest = backlog.oldest;
    if (now < this.#due.housekeeping) return;
    const before = clock.now() - BigInt(retentionMs) * 1000n;
    const purged = await database.write(({ sql }) => purgePublished(sql, before, PURGE_ROWS));
    const forgotten = await database.write(({ sql }) => purgeNotes(sql, clock.now(), before, PURGE_ROWS));
    this.#due.housekeeping = Math.max(purged, forgotten) >= PURGE_ROWS ? now : now + HOUSEKEEPING_MS;
  }
}
