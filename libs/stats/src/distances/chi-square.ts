import { chiSquareTail } from '../distributions/chi-square.ts';

export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/**
 * Pearson's goodness of fit: do counts follow shares? @param expected shares or counts in any scale; they are scaled to the sum of `observed`.
 * Bins that are expected to be empty make the statistic infinite when they are not. @returns statistic 0 and p 1 with less than two bins or no rows.
 */
export function chiSquareFit(observed: readonly number[], expected: readonly number[]): TestResult {
  const rows = sum(observed);
  const scale = rows / sum(expected);
  const bins = expected.filter((each, bin) => each > 0 || (observed[bin] ?? 0) > 0).length;
  if (bins < 2 || rows === 0) return { statistic: 0, pValue: 1 };
  let statistic = 0;
  for (const [bin, count] of observed.entries()) {
    const due = (expected[bin] ?? 0) * scale;
    if (due > 0 || count > 0) statistic += (count - due) ** 2 / due;
  }
  return { statistic, pValue: Number.isFinite(statistic) ? chiSquareTail(statistic, bins - 1) : 0 };
}

/**
 * Pearson's test of independence on a table of two rows: do two samples come from one population? Both are taken as random, so that equal shares of
 * samples of different size give p = 1. Without Yates' correction for two bins.
 */
export function chiSquareHomogeneity(reference: readonly number[], current: readonly number[]): TestResult {
  const [before, now] = [sum(reference), sum(current)];
  const bins = reference.flatMap((count, bin) => (count + (current[bin] ?? 0) > 0 ? [bin] : []));
  if (bins.length < 2 || before === 0 || now === 0) return { statistic: 0, pValue: 1 };
  let statistic = 0;
  for (const bin of bins) {
    const [a, b] = [reference[bin] ?? 0, current[bin] ?? 0];
    const due = ((a + b) * before) / (before + now);
    statistic += (a - due) ** 2 / due + (a - due) ** 2 / (a + b - due);
  }
  return { statistic, pValue: chiSquareTail(statistic, bins.length - 1) };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
