import { Alarm, type Clock, type Logger, type Micros } from '@slipway/kernel';
import type { OperationStore } from './operation-store.ts';
import {
  OperationCancelledError,
  OperationLostError,
  OperationStoppedError,
  type OperationOutcome,
} from './operation-outcome.ts';
import { isFinal, type OperationHandle, type OperationRecord } from './operation.ts';

const PROGRESS_EVERY_MS = 250;
const RETRY_MS_MAX = 1_000;
/** A write meets at most one other change, a cancel; the rest is for good measure. */
const REVISIONS_MAX = 4;
/** Tries to note the end while the process stops and nobody can wait longer. */
const LAST_TRIES = 3;

const toCount = (value: bigint | number, what: string): bigint => {
  if (value < 0 || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    throw new RangeError(`${what} of an operation must be a whole number from 0, not ${value}`);
  }
  return BigInt(value);
};

/** One operation of this process: its newest known row, and the writes that keep the row up to date, one after the other. */
export class RunningOperation implements OperationHandle {
  readonly id: string;
  readonly kind: string;
  /** Another process can begin it again. */
  readonly isRepeatable: boolean;
  readonly log: Logger;
  /** Until when others must believe that we work on it. */
  leaseUntil: Micros;
  #record: OperationRecord;
  readonly #store: OperationStore;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #ended = new AbortController();
  #progress: { readonly done: bigint; readonly total: bigint };
  #isDirty = false;
  #isWriting = false;
  #writes: Promise<unknown> = Promise.resolve();
  #finished: Promise<void> | undefined;

  constructor(record: OperationRecord, parts: { store: OperationStore; clock: Clock; log: Logger }) {
    this.#record = record;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#progress = { done: record.done, total: record.total };
    this.id = record.id;
    this.kind = record.kind;
    this.isRepeatable = record.inputJson !== undefined;
    this.leaseUntil = record.leaseUntil;
    this.log = parts.log.child({ operation: record.id, kind: record.kind });
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Somebody asked for a stop before anything else ended it. */
  get isCancelled(): boolean {
    return this.signal.reason instanceof OperationCancelledError;
  }

  /** Its end is noted or about to be. */
  get isEnding(): boolean {
    return this.#ended.signal.aborted;
  }

  progress(done: bigint | number, total: bigint | number = this.#progress.total): void {
    if (this.#ended.signal.aborted) return; // the end is noted already; what comes later is nobody's business
    this.#progress = { done: toCount(done, 'done'), total: toCount(total, 'total') };
    this.#isDirty = true;
    if (!this.#isWriting) void this.#writeProgress();
  }

  cancel(): void {
    this.#stop.abort(new OperationCancelledError());
  }

  /** The process stops. */
  halt(): void {
    this.#stop.abort(new OperationStoppedError());
  }

  /** It is not ours any more: nothing is written from here on. */
  lose(): void {
    this.#stop.abort(new OperationLostError());
    this.#ended.abort();
    this.#finished ??= Promise.resolve();
  }

  async markRunning(): Promise<void> {
    await this.#exclusively(() => this.#write({ state: 'running' }));
  }

  /** Notes the end, with the last progress; the first end counts. Resolves when it is noted, or when the lease ran out before it could be. */
  finish(outcome: OperationOutcome): Promise<void> {
    this.#ended.abort();
    this.#finished ??= this.#exclusively(() => this.#writeEnd(outcome));
    return this.#finished;
  }

  /** The process stops and another one is to go on: nothing is written after that. */
  release(): Promise<void> {
    this.#ended.abort();
    this.#finished ??= this.#exclusively(() => this.#store.release(this.#record, this.#clock.now())).catch(
      (error: unknown) => this.log.warn({ error }, 'the operation could not be given back; its lease will run out'),
    );
    return this.#finished;
  }

  async #writeProgress(): Promise<void> {
    this.#isWriting = true;
    const pause = new Alarm(this.#clock);
    while (this.#isDirty && !this.#ended.signal.aborted) {
      this.#isDirty = false;
      try {
        await this.#exclusively(() => (this.#ended.signal.aborted ? undefined : this.#write({ state: 'running' })));
      } catch (error) {
        this.#isDirty = true;
        this.log.debug({ error }, 'progress could not be written; trying again');
      }
      await pause.sleep(PROGRESS_EVERY_MS, this.#ended.signal);
    }
    this.#isWriting = false;
  }

  async #writeEnd(outcome: OperationOutcome): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#write(outcome);
      } catch (error) {
        const isHopeless =
          this.#clock.now() >= this.leaseUntil ||
          (this.signal.reason instanceof OperationStoppedError && tries >= LAST_TRIES);
        if (isHopeless) return this.log.error({ error }, 'the end could not be noted; the lease will run out');
        this.log.warn({ error, tries }, 'the end could not be noted; trying again');
        await this.#clock.sleep(Math.min(RETRY_MS_MAX, 25 * 2 ** Math.min(tries, 10)));
      }
    }
  }

  async #write(change: OperationOutcome | { readonly state: 'running' }): Promise<void> {
    for (let tries = 0; tries < REVISIONS_MAX; tries += 1) {
      const updated = await this.#store.update(this.#record, { ...change, ...this.#progress }, this.#clock.now());
      const newest = updated ?? (await this.#store.get(this.#record));
      if (!newest || (!updated && isFinal(newest.state))) return this.lose();
      this.#record = newest;
      if (newest.cancelRequested) this.cancel();
      if (updated) return;
    }
    throw new Error(`operation ${this.id} changes faster than its owner can write`);
  }

  #exclusively<T>(write: () => Promise<T> | undefined): Promise<T | undefined> {
    const turn = this.#writes.then(write);
    this.#writes = turn.catch(() => undefined); // whoever began it handles its failure
    return turn;
  }
}
