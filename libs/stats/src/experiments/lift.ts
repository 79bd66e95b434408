import type { MetricSample } from './sample.ts';

/** `absolute` is treatment less control; `relative` is that in units of |control|, so that its sign stays when the baseline is negative. */
export type Difference = 'absolute' | 'relative';

export interface Effect {
  readonly effect: number;
  readonly standardError: number;
}

/** Treatment against control. NaN or infinite for a relative difference from 0. */
export const upliftOf = (control: number, treatment: number, difference: Difference): number =>
  difference === 'absolute' ? treatment - control : (treatment - control) / Math.abs(control);

/** Variance of the estimated difference, by the delta method for relative ones: sT^2/(nT C^2) + sC^2 T^2/(nC C^4). */
export function effectVariance(control: MetricSample, treatment: MetricSample, difference: Difference): number {
  const ofTreatment = treatment.variance / treatment.units;
  const ofControl = control.variance / control.units;
  if (difference === 'absolute') return ofTreatment + ofControl;
  return ofTreatment / control.mean ** 2 + (ofControl * treatment.mean ** 2) / control.mean ** 4;
}

/** The estimated difference and its standard error; undefined where there is none: no variance, no units, or a relative one from 0. */
export function effectOf(control: MetricSample, treatment: MetricSample, difference: Difference): Effect | undefined {
  const variance = effectVariance(control, treatment, difference);
  const effect = upliftOf(control.mean, treatment.mean, difference);
  return variance > 0 && Number.isFinite(variance) && Number.isFinite(effect)
    ? { effect, standardError: Math.sqrt(variance) }
    : undefined;
}
