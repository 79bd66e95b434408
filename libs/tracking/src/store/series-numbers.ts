import type { Micros, Random } from '@slipway/kernel';

/**
 * Numbers for new series. They grow with time, so that the points of young runs lie together: 52 bits of microseconds (until the year 2112) and 11
 * random ones. One process never gives a number twice; two processes that hit the same one are told apart by the unique index.
 */
export class SeriesNumbers {
  readonly #random: Random;
  #last = 0n;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The first of `count` numbers that follow each other. */
  take(count: number, now: Micros): bigint {
    const [high = 0, low = 0] = this.#random.bytes(2);
    const byTime = now * 2048n + BigInt(((high << 8) | low) & 2047);
    const first = byTime > this.#last ? byTime : this.#last + 1n;
    this.#last = first + BigInt(count) - 1n;
    return first;
  }
}
