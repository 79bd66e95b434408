import type { Budget, Result } from '../bench-row.ts';

export type Verdict = 'ok' | 'MISSED' | '-';

/** What the budget is held against: the ratio when there is a limit, else our own number. */
export const judged = ({ ratio, ours }: Result): number => (ratio ?? ours).median;

export function verdictOf(result: Result): Verdict {
  if (!result.budget) return '-';
  return gapOf(result.budget, judged(result)) === 0 ? 'ok' : 'MISSED';
}

/** How far past its budget a value is, as a share of the budget; 0 within it. A value that is no number is infinitely far. */
export function gapOf(budget: Budget, value: number): number {
  if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY;
  if ('atMost' in budget) return Math.max(0, value / budget.atMost - 1);
  return Math.max(0, 1 - value / budget.atLeast);
}
