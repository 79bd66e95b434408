import { effectOf } from './lift.ts';
import type { MetricSample } from './sample.ts';
import type { Estimate, TestOptions } from './welch.ts';

/** Units, of both arms, at which the sequence is tightest. Must stay the same while an experiment runs. */
const TUNING = 5000;
/** Nothing is said of larger ones, as in GrowthBook. */
const ONE_SIDED_P_MAX = 0.4999;

/** The rho at which the interval after `tuning` units is shortest. */
export const sequenceRho = (alpha: number, tuning = TUNING): number =>
  Math.sqrt((-2 * Math.log(alpha) + Math.log(-2 * Math.log(alpha) + 1)) / tuning);

/** Half the two-sided interval, in standard errors, after `units` of both arms. */
export function sequenceMultiplier(alpha: number, units: number, tuning = TUNING): number {
  const rho = sequenceRho(alpha, tuning);
  const grown = units * rho ** 2 + 1;
  return Math.sqrt(((2 * grown) / (units * rho ** 2)) * Math.log(Math.sqrt(grown) / alpha));
}

/** The same for an interval with one end. */
export const oneSidedMultiplier = (alpha: number, units: number, tuning = TUNING): number =>
  oneSidedReach(alpha, units, sequenceRho(2 * alpha, tuning));

function oneSidedReach(alpha: number, units: number, rho: number): number {
  const grown = units * rho ** 2 + 1;
  return Math.sqrt(((2 * grown) / (units * rho ** 2)) * Math.log(1 + Math.sqrt(grown) / (2 * alpha)));
}

/**
 * Asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2021, theorems 2.2 and on one side) as GrowthBook uses it: its
 * intervals cover at all times at once, so that one may look after each unit and stop at will. Units come one by one and are independent.
 * A one-sided p-value above 0.4999 is given as that.
 * @param options.tuning units at which it is tightest; fixed for a run. @returns undefined where there is no effect to estimate.
 */
export function confidenceSequence(
  control: MetricSample,
  treatment: MetricSample,
  options: TestOptions & { readonly tuning?: number },
): Estimate | undefined {
  const found = effectOf(control, treatment, options.difference);
  if (!found) return undefined;
  const { alpha, alternative = 'different', tuning = TUNING } = options;
  const { effect, standardError } = found;
  const units = control.units + treatment.units;
  if (alternative === 'different') {
    const half = sequenceMultiplier(alpha, units, tuning) * standardError;
    const pValue = sequencePValue(effect / standardError, units, sequenceRho(alpha, tuning));
    return { ...found, pValue, lower: effect - half, upper: effect + half };
  }
  const sign = alternative === 'greater' ? 1 : -1;
  const half = oneSidedMultiplier(alpha, units, tuning) * standardError;
  const pValue = oneSidedPValue((sign * effect) / standardError, units, sequenceRho(2 * alpha, tuning));
  return alternative === 'greater'
    ? { ...found, pValue, lower: effect - half, upper: Infinity }
    : { ...found, pValue, lower: -Infinity, upper: effect + half };
}

/** Two-sided: 1 / E with the mixture's evidence E. */
function sequencePValue(z: number, units: number, rho: number): number {
  const grown = units * rho ** 2 + 1;
  const logEvidence = (rho ** 2 * z ** 2 * units) / (2 * grown) - 0.5 * Math.log(grown);
  return Math.min(1, Math.exp(-logEvidence));
}

/** The least alpha whose one-sided interval leaves 0 out: `oneSidedReach` solved for alpha. The mixture, and so rho, stays the one of the test. */
function oneSidedPValue(z: number, units: number, rho: number): number {
  if (z <= 0) return ONE_SIDED_P_MAX;
  const grown = units * rho ** 2 + 1;
  return Math.min(ONE_SIDED_P_MAX, Math.sqrt(grown) / (2 * Math.expm1((units * rho ** 2 * z ** 2) / (2 * grown))));
}

/**
 * Evidence of the mixture sequential probability ratio test with a N(0, `mixing`) prior on the effect (Johari, Koomen, Pekelis, Walsh 2017).
 * @param variance of the estimated effect. @param mixing fixed beforehand. @returns likelihood ratio; its inverse, at most 1, is the p-value.
 */
export function mixtureRatio(effect: number, variance: number, mixing: number): number {
  const total = variance + mixing;
  return Math.sqrt(variance / total) * Math.exp((mixing * effect ** 2) / (2 * variance * total));
}
