import type { Clock, Component, Logger, ServiceState } from '@slipway/kernel';

/** How draining ended; `aborted` when the budget was used up or a component failed to stop. */
export type DrainOutcome = 'clean' | 'aborted';

export interface HostOptions {
  /** One budget in milliseconds for draining and stopping everything together. */
  readonly drainBudgetMs: number;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Runs components as one: they start in order, and drain and stop in reverse. */
export interface Host {
  readonly state: ServiceState;
  /**
   * Resolves when all serve. On a failure what has started is stopped in reverse, the state is `failed` and the cause is thrown.
   * @throws {Error} when called twice.
   */
  start(): Promise<void>;
  /** Drains and stops; while starting it ends the start first. Repeated calls share one outcome. */
  drain(): Promise<DrainOutcome>;
}

const MOVES: Readonly<Record<ServiceState, readonly ServiceState[]>> = {
  created: ['starting', 'stopped'],
  starting: ['serving', 'failed'],
  serving: ['draining'],
  draining: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};

/** @param components in the order of their start. */
export function createHost(components: readonly Component[], options: HostOptions): Host {
  return new ComponentHost(components, options);
}

class ComponentHost implements Host {
  readonly #components: readonly Component[];
  readonly #options: HostOptions;
  readonly #stopStart = new AbortController();
  readonly #startAbandoned = Promise.withResolvers<never>();
  #state: ServiceState = 'created';
  #started: readonly Component[] = [];
  #starting: Promise<void> | undefined;
  #draining: Promise<DrainOutcome> | undefined;

  constructor(components: readonly Component[], options: HostOptions) {
    this.#components = components;
    this.#options = options;
    this.#startAbandoned.promise.catch(() => undefined); // awaited only while a component starts
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** The only place that changes the state. */
  #enter(next: ServiceState): void {
    if (!MOVES[this.#state].includes(next)) throw new Error(`a host cannot go from ${this.#state} to ${next}`);
    this.#options.log.info({ from: this.#state, to: next }, 'state');
    this.#state = next;
  }

  async start(): Promise<void> {
    this.#enter('starting');
    this.#starting = this.#startAll();
    await this.#starting;
  }

  async #startAll(): Promise<void> {
    const { signal } = this.#stopStart;
    for (const component of this.#components) {
      const startedAt = this.#options.clock.monotonicMs();
      this.#started = [component, ...this.#started]; // before it starts: `stop` is safe after a failed start
      try {
        signal.throwIfAborted();
        await Promise.race([component.start(signal), this.#startAbandoned.promise]);
        signal.throwIfAborted();
      } catch (error) {
        this.#options.log.error({ err: error, component: component.name }, 'a component did not start');
        await this.#finish(false);
        this.#enter('failed');
        throw error;
      }
      const ms = Math.round(this.#options.clock.monotonicMs() - startedAt);
      this.#options.log.debug({ component: component.name, ms }, 'component started');
    }
    this.#enter('serving');
  }

  drain(): Promise<DrainOutcome> {
    this.#draining ??= this.#drainOnce();
    return this.#draining;
  }

  async #drainOnce(): Promise<DrainOutcome> {
    if (this.#state === 'created') {
      this.#enter('stopped');
      return 'clean';
    }
    if (this.#state === 'starting') {
      await this.#endStart();
    }
    if (this.#state === 'failed') return 'aborted';
    this.#enter('draining');
    const outcome = await this.#finish(true);
    this.#enter(outcome === 'clean' ? 'stopped' : 'failed');
    return outcome;
  }

  /** A component that ignores its signal is given the drain budget and then left behind. */
  async #endStart(): Promise<void> {
    const { clock, drainBudgetMs } = this.#options;
    const cause = new Error('the process was told to stop while it started');
    this.#stopStart.abort(cause);
    const timer = new AbortController();
    const expired = clock.sleep(drainBudgetMs, timer.signal).then(
      () => this.#startAbandoned.reject(cause),
      () => undefined, // the start ended in time
    );
    await this.#starting?.catch(() => undefined); // `start` throws it to its own caller
    timer.abort();
    await expired;
  }

  /** Drains (when asked) and stops what has started, in reverse, within the budget. */
  async #finish(withDrain: boolean): Promise<DrainOutcome> {
    const { clock, drainBudgetMs, log } = this.#options;
    const abort = new AbortController();
    const timer = new AbortController();
    const unfinished = new Set(this.#started.map(({ name }) => name));
    const expired = clock.sleep(drainBudgetMs, timer.signal).then(
      () => abort.abort(new Error(`the drain budget of ${drainBudgetMs} ms is used up`)),
      () => undefined, // everything was done in time
    );
    const finished = Promise.withResolvers<void>();
    abort.signal.addEventListener('abort', () => {
      log.error({ budgetMs: drainBudgetMs, unfinished: [...unfinished] }, 'the drain budget is used up; aborting');
      finished.resolve();
    });
    let isClean = true;
    const step = async (name: string, action: () => Promise<void>): Promise<void> => {
      try {
        await Promise.race([action(), finished.promise]);
      } catch (error) {
        isClean = false;
        log.error({ err: error, component: name }, 'a component did not finish');
      }
    };
    if (withDrain) for (const each of this.#started) await step(each.name, async () => each.drain?.(abort.signal));
    for (const each of this.#started) {
      await step(each.name, () => each.stop()); // past the budget too, but no longer waited for
      unfinished.delete(each.name);
    }
    timer.abort();
    await expired;
    return isClean && !abort.signal.aborted ? 'clean' : 'aborted';
  }
}
