import type { Clock, Logger, Random } from '@slipway/kernel';
import { LiveSlot } from './live-slot.ts';
import type { RetryPolicy } from './load-failure.ts';
import type { SlotStore, VersionLoader } from './ports.ts';
import type { ServedVersion } from './served-version.ts';
import { isInScope, type ServingScope } from './serving-scope.ts';
import { slotState, type Slot, type SlotState, type Target } from './slot.ts';
import { slotId, type SlotKey } from './slot-key.ts';
import { VersionPool } from './version-pool.ts';

export interface ServedModelsOptions {
  readonly loader: VersionLoader;
  readonly store: SlotStore;
  readonly scope: ServingScope;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  /** How long calls may go on with a version that was swapped out. */
  readonly drainMs: number;
  /** Loads that run at once. */
  readonly loadsMax: number;
  /** After this a load is given up. */
  readonly loadTimeoutMs: number;
}

/** What a call finds at a slot. */
export interface ServedSlot {
  readonly slot: Slot;
  readonly state: SlotState;
  /** What answers; use it in the turn in which it was read. */
  readonly current: ServedVersion | undefined;
}

/** All slots of this server: which version each alias should answer with, and which one does. */
export class ServedModels {
  readonly #options: ServedModelsOptions;
  readonly #slots = new Map<string, LiveSlot>();
  readonly #pool: VersionPool;
  readonly #stopping = new AbortController();

  constructor(options: ServedModelsOptions) {
    this.#options = options;
    this.#pool = new VersionPool(options);
  }

  /** Takes up the slots as they were kept and starts loading them. @returns how many name a version. */
  async restore(signal: AbortSignal): Promise<number> {
    const { store, scope } = this.#options;
    const stored = await store.list(signal);
    const left = stored.filter(({ key }) => !isInScope(scope, key));
    if (left.length > 0) await store.forget(left.map(({ key }) => key));
    const served = stored.filter(({ key }) => isInScope(scope, key));
    for (const { key, desired } of served) this.#desire(key, desired);
    return served.filter(({ desired }) => desired.version !== 0n).length;
  }

  /**
   * An alias names this target. Resolves when that is durable; the load goes on behind it. Older targets than the known one, and aliases
   * out of scope, change nothing.
   */
  async apply(key: SlotKey, target: Target): Promise<void> {
    if (!isInScope(this.#options.scope, key)) return;
    const known = this.#slots.get(slotId(key))?.state.desired.revision;
    if (known !== undefined && target.revision <= known) return;
    await this.#options.store.desire(key, target);
    this.#desire(key, target);
  }

  /** Gives what failed because something was away a new round of tries. */
  retryUnavailable(): void {
    for (const slot of this.#slots.values()) slot.retry();
  }

  /** Undefined when no alias of that name was ever known. */
  find(key: SlotKey): ServedSlot | undefined {
    const live = this.#slots.get(slotId(key));
    return live && { slot: live.state, state: slotState(live.state), current: live.current };
  }

  /** All slots by id, as they are now. */
  slots(): ReadonlyMap<string, Slot> {
    return new Map([...this.#slots].map(([id, live]) => [id, live.state]));
  }

  /** Whether every slot was tried once: it answers, or it is known why not. */
  get allTried(): boolean {
    for (const live of this.#slots.values()) if (!live.tried && !live.current) return false;
    return true;
  }

  /** Versions in memory or being loaded. */
  get versionCount(): number {
    return this.#pool.size;
  }

  /** Resolves when all slots have come to rest, their facts are written and what they left is closed. */
  async settled(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((live) => live.settled()));
    await this.#pool.settled();
  }

  /** Starts no load any more and gives up running ones; what answers goes on answering. */
  async stopLoading(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#slots.values()].map((live) => live.settled()));
  }

  /** Gives all versions up, each once its calls have ended, and waits for it. */
  async close(): Promise<void> {
    await this.stopLoading();
    for (const live of this.#slots.values()) live.close();
    await this.#pool.settled();
  }

  #desire(key: SlotKey, target: Target): void {
    const id = slotId(key);
    const existing = this.#slots.get(id);
    if (existing) return existing.desire(target);
    const live = new LiveSlot(key, target, {
      ...this.#options,
      pool: this.#pool,
      stopping: this.#stopping.signal,
    });
    this.#slots.set(id, live);
    live.advance();
  }
}
