import { normalCdf } from '../distributions/normal.ts';
import type { TestResult } from './chi-square.ts';

/** Two-sided z test of two shares with their pooled variance. @returns statistic 0 and p 1 when all or no rows are successes. */
export function twoProportions(
  reference: { readonly rows: number; readonly successes: number },
  current: { readonly rows: number; readonly successes: number },
): TestResult {
  const pooled = (reference.successes + current.successes) / (reference.rows + current.rows);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / reference.rows + 1 / current.rows));
  if (!(error > 0)) return { statistic: 0, pValue: 1 };
  const statistic = (current.successes / current.rows - reference.successes / reference.rows) / error;
  return { statistic, pValue: 2 * normalCdf(-Math.abs(statistic)) };
}
