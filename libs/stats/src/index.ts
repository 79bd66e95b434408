export { bucketOf, murmur3 } from './hashing/murmur3.ts';
export { fnv1a, growthbookHash } from './hashing/growthbook.ts';
export { md5Shard, sha256High64 } from './hashing/digests.ts';
export { UNLEASH_VARIANT_SEED, unleashPlace } from './hashing/unleash.ts';
export { plainPopulationStability, populationStability } from './distances/population-stability.ts';
export { binnedKolmogorovSmirnov } from './distances/binned-kolmogorov-smirnov.ts';
export { logLossOf } from './losses.ts';
export { guardrailDelayMax, guardrailEvidence } from './sequential/guardrail.ts';
export { sampleRatioChi2, sampleRatioEvidence } from './sequential/sample-ratio.ts';
export { shiftBounds, type Bounds, type Evidence } from './sequential/shift-bounds.ts';
export { signFlipEvidence } from './sequential/sign-flip.ts';
export { tEvidence } from './sequential/t-evidence.ts';
export { chiSquareFit, chiSquareHomogeneity, type TestResult } from './distances/chi-square.ts';
export {
  hellingerDistance,
  jensenShannonDistance,
  kullbackLeibler,
  largestShareDifference,
} from './distances/divergences.ts';
export { energyDistance, wassersteinDistance, type Sample } from './distances/empirical.ts';
export { asymptoticTail, kolmogorovSmirnov } from './distances/kolmogorov-smirnov.ts';
export { twoProportions } from './distances/two-proportions.ts';
export { chiSquareTail } from './distributions/chi-square.ts';
export { incompleteBeta } from './distributions/incomplete-beta.ts';
export { normalCdf, normalDensity, normalQuantile } from './distributions/normal.ts';
export { studentCdf, studentQuantile } from './distributions/student-t.ts';
export { effectBelief, effectRisk, type EffectBelief, type EffectPrior, type EffectRisk } from './experiments/bayes.ts';
export {
  confidenceSequence,
  mixtureRatio,
  oneSidedMultiplier,
  sequenceMultiplier,
  sequenceRho,
} from './experiments/confidence-sequence.ts';
export { adjustedSample, cupedTest, cupedTheta, type AdjustedSums } from './experiments/cuped.ts';
export { effectOf, effectVariance, upliftOf, type Difference, type Effect } from './experiments/lift.ts';
export { adjustedInterval, benjaminiHochberg, holm } from './experiments/multiple-testing.ts';
export { minimumDetectableLift, powerOf, unitsForShares, type PowerPlan } from './experiments/power.ts';
export {
  meanSample,
  quantileSample,
  ratioSample,
  shareSample,
  type MetricSample,
  type MetricSums,
  type RatioSums,
} from './experiments/sample.ts';
export {
  studentEstimate,
  welchDegrees,
  welchTest,
  type Alternative,
  type Estimate,
  type TestOptions,
} from './experiments/welch.ts';
