import { studentCdf, studentQuantile } from '../distributions/student-t.ts';
import { effectOf, type Difference, type Effect } from './lift.ts';
import type { MetricSample } from './sample.ts';

/** What would be a change: any, a greater treatment, or a lesser one. */
export type Alternative = 'different' | 'greater' | 'less';

export interface Estimate extends Effect {
  readonly pValue: number;
  /** Open ends of one-sided intervals are infinite. */
  readonly lower: number;
  readonly upper: number;
}

export interface TestOptions {
  readonly difference: Difference;
  /** Chance that the interval misses. */
  readonly alpha: number;
  readonly alternative?: Alternative;
}

/** Welch-Satterthwaite degrees of freedom of the absolute difference; used for relative ones too. */
export function welchDegrees(control: MetricSample, treatment: MetricSample): number {
  const [a, b] = [control.variance / control.units, treatment.variance / treatment.units];
  return (a + b) ** 2 / (a ** 2 / (control.units - 1) + b ** 2 / (treatment.units - 1));
}

/**
 * Welch's t test for a number of units that was fixed beforehand; looking repeatedly needs `confidenceSequence`.
 * @returns undefined where there is no effect to estimate.
 */
export function welchTest(control: MetricSample, treatment: MetricSample, options: TestOptions): Estimate | undefined {
  const found = effectOf(control, treatment, options.difference);
  return found && studentEstimate(found, welchDegrees(control, treatment), options);
}

/** Test and interval of an effect whose standardized error has Student's distribution. */
export function studentEstimate(
  found: Effect,
  df: number,
  { alpha, alternative = 'different' }: Omit<TestOptions, 'difference'>,
): Estimate {
  const { effect, standardError } = found;
  const t = effect / standardError;
  if (alternative === 'different') {
    const half = studentQuantile(1 - alpha / 2, df) * standardError;
    return { ...found, pValue: 2 * studentCdf(-Math.abs(t), df), lower: effect - half, upper: effect + half };
  }
  const half = studentQuantile(1 - alpha, df) * standardError;
  return alternative === 'greater'
    ? { ...found, pValue: studentCdf(-t, df), lower: effect - half, upper: Infinity }
    : { ...found, pValue: studentCdf(t, df), lower: -Infinity, upper: effect + half };
}
