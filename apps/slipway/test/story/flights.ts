/** Numbers in [0, 1) that follow from a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Flight {
  readonly id: string;
  readonly origin: string;
  /** In [-1, 1): what a model may know. */
  readonly x: number;
  readonly isLate: boolean;
  readonly timeMicros: bigint;
}

const ORIGINS = 24;
const FLIGHTS_OF_ORIGIN = 15;
const DAY_MICROS = 86_400_000_000n;

/**
 * The flights of a day, counted from 1970; the same ones at each call.
 * @param worsening added to the logit of being late: 0 is as it was when the models were made.
 */
export function flightsOf(day: number, worsening = 0): readonly Flight[] {
  const random = randomOf(day * 7 + 1);
  const weather = 0.3 * Math.sin(day / 3);
  return Array.from({ length: ORIGINS * FLIGHTS_OF_ORIGIN }, (_, index) => {
    const x = 2 * random() - 1;
    const chance = 1 / (1 + Math.exp(-(4 * x - 1 + weather + worsening)));
    return {
      id: `${day}:${index}`,
      origin: `A${index % ORIGINS}`,
      x,
      isLate: random() < chance,
      timeMicros: BigInt(day) * DAY_MICROS + BigInt(index) * 60_000_000n,
    };
  });
}
