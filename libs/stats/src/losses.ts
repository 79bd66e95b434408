/** Probabilities of 0 and 1 would cost infinitely much when wrong; scikit-learn's `log_loss` cuts float64 at the same place. */
const PROBABILITY_MIN = 2.220446049250313e-16;

/** Negative log-likelihood of one outcome, natural logarithm. @param label 0 or 1. @param probability of 1, in [0, 1]. */
export function logLossOf(label: number, probability: number): number {
  const cut = Math.min(Math.max(probability, PROBABILITY_MIN), 1 - PROBABILITY_MIN);
  return label === 1 ? -Math.log(cut) : -Math.log1p(-cut);
}
