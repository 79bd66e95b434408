import { normalCdf, normalDensity, normalQuantile } from '../distributions/normal.ts';
import type { Effect } from './lift.ts';

/** Normal belief about an effect before the data. */
export interface EffectPrior {
  readonly mean: number;
  readonly variance: number;
}

export interface EffectBelief {
  readonly mean: number;
  readonly standardDeviation: number;
  /** Chance that the effect is above 0. */
  readonly chanceToWin: number;
  /** Central interval that holds the effect with chance 1 - alpha. */
  readonly lower: number;
  readonly upper: number;
  readonly risk: EffectRisk;
}

/** What is lost by the wrong choice, in the unit of the effect. */
export interface EffectRisk {
  /** Mean loss when control is kept: E[max(0, effect)]. */
  readonly ofControl: number;
  /** Mean loss when treatment is taken: E[max(0, -effect)]. */
  readonly ofTreatment: number;
}

/** Both risks of an effect that is N(mean, deviation^2): m (1 - Phi(-m/s)) + s phi(m/s), and the same less m. */
export function effectRisk(mean: number, deviation: number): EffectRisk {
  const z = Math.abs(mean) / deviation;
  const small = deviation * normalDensity(z) - Math.abs(mean) * normalCdf(-z); // the risk of the better arm; 0 far out, never negative
  const [better, worse] = [Math.max(0, small), Math.max(0, small) + Math.abs(mean)];
  return mean > 0 ? { ofControl: worse, ofTreatment: better } : { ofControl: better, ofTreatment: worse };
}

/** Belief about an effect after the data. @param prior undefined is flat. @param alpha of the interval. */
export function effectBelief({ effect, standardError }: Effect, alpha: number, prior?: EffectPrior): EffectBelief {
  const data = 1 / standardError ** 2;
  const before = prior ? 1 / prior.variance : 0;
  const mean = (effect * data + (prior?.mean ?? 0) * before) / (data + before);
  const deviation = Math.sqrt(1 / (data + before));
  const half = normalQuantile(1 - alpha / 2) * deviation;
  return {
    mean,
    standardDeviation: deviation,
    chanceToWin: normalCdf(mean / deviation),
    lower: mean - half,
    upper: mean + half,
    risk: effectRisk(mean, deviation),
  };
}
