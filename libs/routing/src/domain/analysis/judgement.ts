import type { Evidence } from '@slipway/stats';
import type { DaySums } from './day-sums.ts';

export type Verdict = 'continue' | 'next_step' | 'decide' | 'roll_back' | 'undecided' | 'sample_ratio_mismatch';

/** What complete days show, and what follows from it. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Name of an arm; empty when none won. */
  readonly winner: string;
  /** The days that it rests on: a verdict that ends the experiment leaves out those after it. */
  readonly days: readonly DaySums[];
  /** Treatment minus control, by day. */
  readonly differences: readonly number[];
  readonly evidence: Evidence;
  readonly eValue: number;
  /** Holds at every look. */
  readonly pValue: number;
  /** 0 for A/B tests. */
  readonly guardrail: number;
  readonly guardrailThreshold: number;
  /** In units of the metric; 0 for A/B tests and before the first day. */
  readonly tolerance: number;
  readonly explanation: string;
}

export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The smallest p-value until now. @param path e-values by day. */
export const alwaysValidP = (path: readonly number[]): number => 1 / Math.max(1, ...path);

export const shown = (value: number): string => String(Number(value.toPrecision(4)));

export const daysText = (days: number): string => (days === 1 ? '1 complete day' : `${days} complete days`);
