/** What several rounds said. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @param values one for each round; at least one. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no round was measured');
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return { median: (lower + upper) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** Round by round, so that what disturbs a whole round disturbs both sides of its ratio. */
export function ratioOf(ours: readonly number[], limit: readonly number[]): Spread {
  if (ours.length !== limit.length) throw new RangeError('both sides need a number for each round');
  return spreadOf(ours.map((value, round) => value / (limit[round] ?? Number.NaN)));
}

/** @param sorted ascending. @param share 0 to 1, e.g. 0.99. */
export function percentileOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
