import { normalCdf, normalQuantile } from '../distributions/normal.ts';
import { sequenceMultiplier } from './confidence-sequence.ts';

/** Units are split evenly over the arms; control and one treatment are compared. */
export interface PowerPlan {
  /** Of the metric in control, and its variance, which treatment is taken to share. */
  readonly mean: number;
  readonly variance: number;
  /** Of all arms together. */
  readonly units: number;
  readonly arms: number;
  readonly alpha: number;
  /** For a confidence sequence with that tuning; absent for a test at the end. */
  readonly tuning?: number;
}

/** Standard error of the relative lift when it is `lift`: it grows with the lift itself. */
function liftError({ mean, variance, units, arms }: PowerPlan, lift: number): number {
  const each = variance / (units / arms) / mean ** 2;
  return Math.sqrt(each + each * (1 + lift) ** 2);
}

/** Chance that a two-sided test finds a relative lift; with `tuning`, that the interval after all units excludes 0. */
export function powerOf(plan: PowerPlan, lift: number): number {
  const z = plan.tuning === undefined ? normalQuantile(1 - plan.alpha / 2) : sequenceMultiplier(plan.alpha, (2 * plan.units) / plan.arms, plan.tuning); // prettier-ignore
  const shift = lift / liftError(plan, lift);
  return normalCdf(shift - z) + normalCdf(-z - shift);
}

const LIFT_MAX = 1e6;

/** The least relative lift that is found with chance `power`; undefined when no lift is: the error of the lift grows with it. */
export function minimumDetectableLift(plan: PowerPlan, power: number): number | undefined {
  let high = 1e-6;
  while (powerOf(plan, high) < power && high < LIFT_MAX) high *= 2;
  if (high >= LIFT_MAX) return undefined;
  let low = 0;
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (powerOf(plan, middle) < power) low = middle;
    else high = middle;
  }
  return high;
}

/** Units of both arms together to find an absolute difference of two shares with a two-sided test (Fleiss, unpooled variances). */
export function unitsForShares(baseline: number, difference: number, alpha: number, power: number): number {
  const other = baseline + difference;
  const z = normalQuantile(1 - alpha / 2) + normalQuantile(power);
  return 2 * Math.ceil((z / difference) ** 2 * (baseline * (1 - baseline) + other * (1 - other)));
}
