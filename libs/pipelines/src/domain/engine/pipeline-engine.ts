import { Alarm, type Component } from '@slipway/kernel';
import type { PipelineDependencies } from '../dependencies.ts';
import { fireDueTriggers } from '../triggers/fire-due-triggers.ts';
import type { RunLease } from '../unit-of-work.ts';
import { RunDriver } from './run-driver.ts';

const RENEWALS_PER_LEASE = 3;

/**
 * Takes runs that nobody owns and drives them, keeps their leases, and lets due triggers fire. Any number of processes may run one; the owner of a run is
 * whoever claimed it last, and the lease of a process that died runs out.
 */
export class PipelineEngine implements Component {
  readonly name = 'pipeline engine';
  readonly #deps: PipelineDependencies;
  readonly #owner: string;
  readonly #drivers = new Map<string, { readonly driver: RunDriver; readonly done: Promise<void> }>();
  readonly #alarm: Alarm;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> | undefined;
  #renewedAtMs = 0;

  constructor(deps: PipelineDependencies) {
    this.#deps = deps;
    this.#owner = deps.ids.next();
    this.#alarm = new Alarm(deps.clock);
  }

  get isRunning(): boolean {
    return this.#loops !== undefined && !this.#stopping.signal.aborted;
  }

  /** Runs that this process drives. */
  get driving(): number {
    return this.#drivers.size;
  }

  /** There may be something to do. */
  wake = (): void => this.#alarm.ring();

  start(): Promise<void> {
    this.#renewedAtMs = this.#deps.clock.monotonicMs();
    this.#loops ??= Promise.all([this.#look(), this.#keep()]);
    return Promise.resolve();
  }

  /** Gives back what is being driven; another process goes on with it at once. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    for (const { driver } of this.#drivers.values()) driver.halt();
    await Promise.all([...this.#drivers.values()].map(({ done }) => done));
    await this.#loops;
  }

  async stop(): Promise<void> {
    await this.drain();
  }

  async #look(): Promise<void> {
    const { limits, log } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await fireDueTriggers(this.#deps, signal);
        await this.#claim();
      } catch (error) {
        if (!signal.aborted) log.warn({ error }, 'looking for pipeline runs failed; it is tried again');
      }
      await this.#alarm.sleep(limits.pollMs, signal);
    }
  }

  async #claim(): Promise<void> {
    const { ledger, clock, limits } = this.#deps;
    const free = limits.runsMax - this.#drivers.size;
    if (free <= 0 || this.#stopping.signal.aborted) return;
    const now = clock.now();
    const claimed = await ledger.claim(this.#owner, this.#leaseEnd(), now, free);
    for (const lease of claimed) this.#begin(lease);
  }

  #begin(lease: RunLease): void {
    const key = `${lease.workspace}/${lease.id}`;
    this.#drivers.get(key)?.driver.lose(); // its lease ran out meanwhile, and we were the ones to take it over
    const driver = new RunDriver(lease, this.#deps);
    const done = driver
      .drive()
      .catch((error: unknown) => {
        this.#deps.log.error(
          { error, run: lease.id },
          'a pipeline run is let go; whoever takes it over goes on with it',
        );
      })
      .finally(() => {
        if (this.#drivers.get(key)?.driver === driver) this.#drivers.delete(key);
        this.wake();
      });
    this.#drivers.set(key, { driver, done });
    if (this.#stopping.signal.aborted) driver.halt();
  }

  /** Extends leases and sees cancels, also while the process drains. */
  async #keep(): Promise<void> {
    const { limits, clock, log } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const everyMs = Math.min(limits.pollMs, limits.leaseMs / RENEWALS_PER_LEASE);
      await clock.sleep(everyMs, signal).catch(() => undefined); // aborted: the loop ends
      if (signal.aborted || this.#drivers.size === 0) {
        this.#renewedAtMs = clock.monotonicMs();
        continue;
      }
      try {
        await this.#renew();
      } catch (error) {
        log.warn({ error }, 'leases of pipeline runs were not extended; it is tried again');
        if (clock.monotonicMs() - this.#renewedAtMs >= limits.leaseMs) this.#loseAll();
      }
    }
  }

  async #renew(): Promise<void> {
    const { ledger, clock } = this.#deps;
    const before = [...this.#drivers];
    const at = clock.monotonicMs();
    const held = new Map(
      (await ledger.renew(this.#owner, this.#leaseEnd())).map((each) => [
        `${each.lease.workspace}/${each.lease.id}`,
        each,
      ]),
    );
    this.#renewedAtMs = at;
    for (const [key, { driver }] of before) {
      const found = held.get(key);
      if (found?.lease.epoch !== driver.lease.epoch) {
        if (this.#drivers.get(key)?.driver === driver) driver.lose();
      } else if (found.cancelRequested) driver.cancel();
    }
  }

  /** Others may believe that we are dead. */
  #loseAll(): void {
    for (const { driver } of this.#drivers.values()) driver.lose();
  }

  #leaseEnd(): bigint {
    return this.#deps.clock.now() + BigInt(this.#deps.limits.leaseMs) * 1000n;
  }
}
