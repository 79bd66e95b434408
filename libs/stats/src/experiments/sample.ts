/** What a test needs of a metric in one arm: `variance` is of one unit, not of the mean. The unit is the unit of randomization. */
export interface MetricSample {
  readonly units: number;
  readonly mean: number;
  readonly variance: number;
}

/** Sums over units; additive: those of two days are their sum. */
export interface MetricSums {
  readonly units: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** Of a metric with any values; variance with n - 1. */
export function meanSample({ units, sum, sumSquares }: MetricSums): MetricSample {
  return { units, mean: sum / units, variance: units > 1 ? (sumSquares - (sum * sum) / units) / (units - 1) : 0 };
}

/** Of a metric that is 0 or 1: variance m (1 - m). */
export function shareSample(units: number, successes: number): MetricSample {
  const mean = successes / units;
  return { units, mean, variance: mean * (1 - mean) };
}

/** Sums over units of a numerator and a denominator; additive. */
export interface RatioSums {
  readonly numerator: MetricSums;
  readonly denominator: MetricSums;
  /** Sum over units of numerator times denominator. */
  readonly sumProducts: number;
}

/** Of a ratio of two sums (e.g. late flights by flights, where days are units), by the delta method. `units` as in both sums. */
export function ratioSample({ numerator, denominator, sumProducts }: RatioSums): MetricSample {
  const [top, bottom] = [meanSample(numerator), meanSample(denominator)];
  const { units } = top;
  const covariance = units > 1 ? (sumProducts - (numerator.sum * denominator.sum) / units) / (units - 1) : 0;
  const d = bottom.mean;
  const variance =
    top.variance / d ** 2 + (bottom.variance * top.mean ** 2) / d ** 4 - (2 * covariance * top.mean) / d ** 3;
  return { units, mean: top.mean / d, variance };
}

/**
 * Of a quantile, by its order statistics (Woodruff 1952). @param bounds values at the ranks `at` plus and minus `z sqrt(at (1 - at) / units)`.
 * @param z the normal quantile that the ranks were taken with.
 */
export function quantileSample(
  units: number,
  value: number,
  bounds: { readonly lower: number; readonly upper: number },
  z: number,
): MetricSample {
  return { units, mean: value, variance: (units - 1) * ((bounds.upper - bounds.lower) / (2 * z)) ** 2 };
}
