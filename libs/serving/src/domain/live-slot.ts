import { UnavailableError, type Clock, type Logger, type Random } from '@slipway/kernel';
import { FactQueue } from './fact-queue.ts';
import { describeFailure, retryDelayMs, type RetryPolicy } from './load-failure.ts';
import type { SlotStore, VersionRef } from './ports.ts';
import type { ServedVersion } from './served-version.ts';
import * as transition from './slot.ts';
import type { Slot, Target } from './slot.ts';
import type { SlotKey } from './slot-key.ts';
import type { VersionPool } from './version-pool.ts';

export interface LiveSlotDependencies {
  readonly pool: VersionPool;
  readonly store: SlotStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  /** Aborts when the server stops: no load starts or goes on. */
  readonly stopping: AbortSignal;
}

/** One slot with the version that answers and the one task that brings it to what is desired. */
export class LiveSlot {
  readonly #dependencies: LiveSlotDependencies;
  readonly #log: Logger;
  readonly #facts: FactQueue;
  #state: Slot;
  #current: ServedVersion | undefined;
  #tried: boolean;
  #turn = new AbortController();
  #task: Promise<void> | undefined;
  #desiredAtMs: number;

  constructor(key: SlotKey, desired: Target, dependencies: LiveSlotDependencies) {
    this.#dependencies = dependencies;
    this.#log = dependencies.log.child({ ...key });
    this.#facts = new FactQueue(dependencies.clock, this.#log, dependencies.stopping);
    this.#state = transition.newSlot(key, desired);
    this.#tried = desired.version === 0n;
    this.#desiredAtMs = dependencies.clock.monotonicMs();
  }

  get state(): Slot {
    return this.#state;
  }

  /** What answers now. Use it in the turn in which it was read. */
  get current(): ServedVersion | undefined {
    return this.#current;
  }

  /** Whether a load of this slot has ended at least once, well or not. */
  get tried(): boolean {
    return this.#tried;
  }

  desire(target: Target): void {
    const next = transition.desire(this.#state, target);
    if (next === this.#state) return;
    this.#state = next;
    this.#desiredAtMs = this.#dependencies.clock.monotonicMs();
    this.#turn.abort(new UnavailableError('a newer move of the alias came', { reason: 'LOAD_SUPERSEDED' }));
    if (!next.actual) this.#vacate();
    this.advance();
  }

  /** Gives a target that failed because something was away a new round of tries. */
  retry(): void {
    if (this.#task) return;
    this.#state = transition.retry(this.#state);
    this.advance();
  }

  /** Starts the task that loads what is desired, unless it runs or has nothing to do. */
  advance(): void {
    if (this.#task || !transition.nextLoad(this.#state) || this.#dependencies.stopping.aborted) return;
    this.#task = this.#work();
  }

  /** Resolves when the slot has come to rest: loaded, failed for good, absent or stopping; and its facts are written. */
  async settled(): Promise<void> {
    while (this.#task) await this.#task;
    await this.#facts.settled();
  }

  /** Gives the version up; for the end of the server, once no call comes any more. */
  close(): void {
    this.#vacate();
  }

  #vacate(): void {
    const leaving = this.#current;
    this.#current = undefined;
    if (leaving) this.#dependencies.pool.release(leaving);
  }

  async #work(): Promise<void> {
    const { stopping, retry } = this.#dependencies;
    let round = { revision: 0n, attempts: 0 };
    for (;;) {
      const target = transition.nextLoad(this.#state);
      if (!target || stopping.aborted) break;
      round = { revision: target.revision, attempts: round.revision === target.revision ? round.attempts + 1 : 1 };
      this.#turn = new AbortController();
      const signal = AbortSignal.any([this.#turn.signal, stopping]);
      await this.#load(target, round.attempts, signal);
      if (this.#state.failure?.retryable && round.attempts < retry.attemptsMax) {
        await this.#pause(round.attempts, signal);
        this.#state = transition.retry(this.#state);
      }
    }
    this.#task = undefined;
  }

  async #load(target: Target, attempts: number, signal: AbortSignal): Promise<void> {
    this.#state = transition.loadStarted(this.#state, target);
    const { workspace, model } = this.#state.key;
    const ref: VersionRef = { workspace, model, version: target.version, digest: target.digest };
    try {
      this.#swap(target, await this.#dependencies.pool.acquire(ref, signal));
    } catch (error) {
      this.#fail(target, attempts, error);
    }
    this.#tried = true;
  }

  #swap(target: Target, version: ServedVersion): void {
    const { pool, store, stopping, clock } = this.#dependencies;
    if (transition.isSuperseded(this.#state) || stopping.aborted) {
      this.#state = { ...this.#state, loading: undefined };
      pool.release(version);
      return;
    }
    const leaving = this.#current;
    const previous = this.#state.actual;
    this.#state = transition.loadSucceeded(this.#state);
    this.#current = version; // the swap: calls that read the slot from here on get the new version
    if (leaving) pool.release(leaving);
    const loadMs = clock.monotonicMs() - this.#desiredAtMs;
    this.#log.info({ version: `${target.version}`, revision: `${target.revision}`, loadMs }, 'a version answers');
    this.#facts.add(() => store.recordLoaded(this.#state.key, target, previous, loadMs));
  }

  #fail(target: Target, attempts: number, error: unknown): void {
    if (transition.isSuperseded(this.#state) || this.#dependencies.stopping.aborted) {
      this.#state = { ...this.#state, loading: undefined };
      return;
    }
    this.#state = transition.loadFailed(this.#state, { ...describeFailure(error), attempts });
    const { failure, actual, key } = this.#state;
    this.#log.warn({ err: error, version: `${target.version}`, attempts }, 'a version could not be loaded');
    if (failure) this.#facts.add(() => this.#dependencies.store.recordFailed(key, target, failure, actual));
  }

  async #pause(attempts: number, signal: AbortSignal): Promise<void> {
    const { clock, random, retry } = this.#dependencies;
    const fraction = (random.bytes(1)[0] ?? 0) / 256;
    await clock.sleep(retryDelayMs(retry, attempts, fraction), signal).catch(() => undefined); // a newer move ends it
  }
}
