import { InvalidArgumentError } from '@slipway/kernel';

/**
 * A function from a value to its bin: the number of edges at or below it; `edges.length + 1` for NaN.
 * @param edges ascending.
 */
export function numberBinner(edges: readonly number[]): (value: number) => number {
  // padded with NaN to 2^n - 1 edges: no value is at or above those, so the search needs no bounds and always takes n steps
  let width = 1;
  while (width - 1 < edges.length) width *= 2;
  const padded = new Float64Array(width).fill(Number.NaN);
  padded.set(edges);
  const absent = edges.length + 1;
  const half = width >> 1;
  return (value) => {
    if (Number.isNaN(value)) return absent;
    let bin = 0;
    for (let step = half; step > 0; step >>= 1) bin += (padded[bin + step - 1] ?? 0) <= value ? step : 0;
    return bin;
  };
}

/** Rows by bin of `edges`, then those that are NaN: `edges.length + 2` counts. */
export function countNumbers(edges: readonly number[], values: Float64Array): Uint32Array {
  const counts = new Uint32Array(edges.length + 2);
  const binOf = numberBinner(edges);
  for (const value of values) {
    const bin = binOf(value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** Scores by bin of `edges`: `edges.length + 1` counts. @throws {InvalidArgumentError} when one is NaN. */
export function countScores(edges: readonly number[], scores: Float64Array): Uint32Array {
  const counts = countNumbers(edges, scores);
  if ((counts.at(-1) ?? 0) > 0) throw InvalidArgumentError.of('scores', 'has a NaN; a score is a probability');
  return counts.subarray(0, -1);
}

/** Rows by category, then those with another text, then those without: `categories.length + 2` counts. */
export function countTexts(categories: readonly string[], values: Iterable<string | null>): Uint32Array {
  const slots = new Map(categories.map((category, slot) => [category, slot]));
  const counts = new Uint32Array(categories.length + 2);
  for (const value of values) {
    const slot = value === null ? categories.length + 1 : (slots.get(value) ?? categories.length);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  return counts;
}
