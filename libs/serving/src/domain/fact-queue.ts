import type { Clock, Logger } from '@slipway/kernel';

type Fact = () => Promise<void>;

const RETRY_MS = [100, 500, 2_000, 10_000] as const;
/** A slot does not move this often while its database is away; beyond it the oldest fact is given up, loudly. */
const FACTS_MAX = 256;

/** Writes down the facts of one slot in their order, each until it succeeds: a swap is not held up by a database that is away. */
export class FactQueue {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  readonly #facts: Fact[] = [];
  #writing: Promise<void> | undefined;

  /** @param signal ends the retries; each fact then has one last try. */
  constructor(clock: Clock, log: Logger, signal: AbortSignal) {
    this.#clock = clock;
    this.#log = log;
    this.#signal = signal;
  }

  add(fact: Fact): void {
    if (this.#facts.length >= FACTS_MAX) {
      this.#facts.shift();
      this.#log.error({ factsMax: FACTS_MAX }, 'a fact about a slot was lost: the database has been away for too long');
    }
    this.#facts.push(fact);
    this.#writing ??= this.#write();
  }

  /** Resolves when all facts are written, or were tried a last time after the signal. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let fact = this.#facts[0]; fact; fact = this.#facts[0]) {
      await this.#persist(fact);
      if (this.#facts[0] === fact) this.#facts.shift();
    }
    this.#writing = undefined;
  }

  async #persist(fact: Fact): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const isLast = this.#signal.aborted;
      try {
        return await fact();
      } catch (error) {
        this.#log.warn({ err: error, attempt: attempt + 1 }, 'a fact about a slot could not be written down');
        if (isLast) return;
      }
      const delayMs = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0;
      await this.#clock.sleep(delayMs, this.#signal).catch(() => undefined); // aborted: the last try follows
    }
  }
}
