import { setTimeout as delay } from 'node:timers/promises';
import type { seededRandom } from '@slipway/kernel';
import type { Installation } from './installation.ts';
import type { Journal } from './journal.ts';

export interface KillCounts {
  service: number;
  /** Of `service`: while it started. */
  starting: number;
  broker: number;
  backend: number;
  cluster: number;
  consumer: number;
}

type Random = ReturnType<typeof seededRandom>;
type Kill = (random: Random) => Promise<void>;

/** Longest time under load between a recovery and the next kill. */
const MOMENT_MS_MAX = 600;

/** Ends processes of an installation with SIGKILL at seeded random moments and starts them again, while the load goes on. */
export class Chaos {
  readonly counts: KillCounts = { service: 0, starting: 0, broker: 0, backend: 0, cluster: 0, consumer: 0 };
  readonly #installation: Installation;
  readonly #journal: Journal;
  readonly #random: Random;
  readonly #kills: readonly Kill[];

  constructor(installation: Installation, journal: Journal, random: Random) {
    const { bus, database } = installation.cell;
    this.#installation = installation;
    this.#journal = journal;
    this.#random = random;
    this.#kills = [
      this.#service,
      this.#service,
      this.#service,
      this.#starting,
      ...(bus === 'nats' ? [this.#broker, this.#broker, this.#consumer, this.#serviceAndBroker] : []),
      ...(database === 'postgresql' ? [this.#backend, this.#cluster, this.#serviceAndCluster] : []),
    ];
  }

  /** Kinds of kills of this installation, those that come more often counted so. */
  get kinds(): number {
    return this.#kills.length;
  }

  /** Kills `rounds` times: each kind in turn, in an order that the seed shuffles, each at a random moment after calls were answered again. */
  async run(rounds: number): Promise<void> {
    let bag: Kill[] = [];
    for (let round = 0; round < rounds; round += 1) {
      if (bag.length === 0) bag = [...this.#kills];
      const [kill] = bag.splice(Math.floor(this.#random.next() * bag.length), 1);
      await this.#untilAnswered();
      await delay(this.#random.next() * MOMENT_MS_MAX);
      await kill?.(this.#random);
    }
    await this.#untilAnswered();
  }

  /** @throws {Error} when no call is answered within 60 s after a recovery. */
  async #untilAnswered(): Promise<void> {
    const { counts } = this.#journal;
    const before = counts.acknowledged;
    const giveUpAt = performance.now() + 60_000;
    while (counts.acknowledged < before + 5) {
      if (performance.now() > giveUpAt) throw new Error('no calls were answered for 60 s after a recovery');
      await delay(5);
    }
  }

  readonly #service: Kill = async () => {
    await this.#installation.killService();
    this.counts.service += 1;
    await this.#installation.startService();
  };

  readonly #starting: Kill = async (random) => {
    await this.#installation.killService();
    const wasStarting = await this.#installation.killStartingService(random.next() * 300);
    this.counts.service += 2;
    if (wasStarting) this.counts.starting += 1;
    await this.#installation.startService();
  };

  readonly #broker: Kill = async (random) => {
    await this.#installation.killBroker();
    this.counts.broker += 1;
    await delay(random.next() * 200);
    await this.#installation.restartBroker();
  };

  readonly #consumer: Kill = async () => {
    await this.#installation.endLedger('SIGKILL');
    this.counts.consumer += 1;
    await this.#installation.startLedger();
  };

  readonly #serviceAndBroker: Kill = async () => {
    await Promise.all([this.#installation.killService(), this.#installation.killBroker()]);
    this.counts.service += 1;
    this.counts.broker += 1;
    await Promise.all([this.#installation.restartBroker(), this.#installation.startService()]);
  };

  readonly #backend: Kill = (random) => {
    if (this.#installation.killBackend(random.next())) this.counts.backend += 1;
    return Promise.resolve();
  };

  readonly #cluster: Kill = async () => {
    await this.#installation.killCluster();
    this.counts.cluster += 1;
    await this.#installation.restartCluster();
  };

  readonly #serviceAndCluster: Kill = async () => {
    await Promise.all([this.#installation.killService(), this.#installation.killCluster()]);
    this.counts.service += 1;
    this.counts.cluster += 1;
    await this.#installation.restartCluster();
    await this.#installation.startService();
  };
}
