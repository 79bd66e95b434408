/** Distances of two binned samples: counts or shares by bin, of equal length, each with a sum above 0. */
function shares(counts: readonly number[]): readonly number[] {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map((count) => count / sum);
}

/** Kullback-Leibler divergence of p from q in nats: infinite where q lacks what p has. */
export function kullbackLeibler(p: readonly number[], q: readonly number[]): number {
  const [a, b] = [shares(p), shares(q)];
  return a.reduce((sum, share, bin) => sum + (share > 0 ? share * Math.log(share / (b[bin] ?? 0)) : 0), 0);
}

/** Jensen-Shannon distance: the root of the divergence. @param base of the logarithm; with 2 it is in [0, 1]. */
export function jensenShannonDistance(p: readonly number[], q: readonly number[], base = Math.E): number {
  const [a, b] = [shares(p), shares(q)];
  const middle = a.map((share, bin) => (share + (b[bin] ?? 0)) / 2);
  const divergence = (kullbackLeibler(a, middle) + kullbackLeibler(b, middle)) / 2;
  return Math.sqrt(Math.max(0, divergence) / Math.log(base));
}

/** Hellinger distance, in [0, 1]. */
export function hellingerDistance(p: readonly number[], q: readonly number[]): number {
  const [a, b] = [shares(p), shares(q)];
  return Math.sqrt(a.reduce((sum, share, bin) => sum + (Math.sqrt(share) - Math.sqrt(b[bin] ?? 0)) ** 2, 0) / 2);
}

/** Largest difference of two shares of one bin, in [0, 1]. */
export function largestShareDifference(p: readonly number[], q: readonly number[]): number {
  const [a, b] = [shares(p), shares(q)];
  return a.reduce((largest, share, bin) => Math.max(largest, Math.abs(share - (b[bin] ?? 0))), 0);
}
