import { incompleteBeta } from './incomplete-beta.ts';
import { normalQuantile } from './normal.ts';

/** P(T <= t) of Student's distribution. @param df degrees of freedom, at least 1, need not be whole. @see DLMF 8.17, Abramowitz and Stegun 26.7.1. */
export function studentCdf(t: number, df: number): number {
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t < 0 ? tail : 1 - tail;
}

/** The t with P(T <= t) = p, by bisection between bounds that are doubled until they hold it. @param p in (0, 1). */
export function studentQuantile(p: number, df: number): number {
  if (p > 0.5) return -studentQuantile(1 - p, df);
  if (p === 0.5) return 0;
  let high = 0;
  let low = 2 * normalQuantile(p);
  while (studentCdf(low, df) > p && Number.isFinite(low)) low *= 2;
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break; // neighbours
    if (studentCdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
