import * as stats from '../index.ts';

/** Numbers by name that a vector expects and that this library gives; names as the vector has them. */
export type Answer = unknown;

interface ArmInput {
  readonly type?: 'mean' | 'prop';
  readonly n: number;
  readonly sum: number;
  readonly sum_squares?: number;
}
interface TwoArms {
  readonly control: ArmInput;
  readonly treatment: ArmInput;
  readonly difference: stats.Difference;
  readonly alpha?: number;
  readonly alternative?: stats.Alternative;
  readonly tuning?: number;
  readonly prior?: stats.EffectPrior | null;
}

const sampleOf = ({ type, n, sum, sum_squares: sumSquares = 0 }: ArmInput): stats.MetricSample =>
  type === 'prop' ? stats.shareSample(n, sum) : stats.meanSample({ units: n, sum, sumSquares });

function estimateOf(found: stats.Estimate | undefined): Answer {
  if (!found) return undefined;
  const { effect, standardError: stderr, pValue, lower, upper } = found;
  const finite = (bound: number): number | null => (Number.isFinite(bound) ? bound : null);
  const ciBound = Number.isFinite(lower) ? lower : upper;
  return { effect, stderr, pValue, ci: [finite(lower), finite(upper)], ciLower: lower, ciBound };
}
const welch = ({ control, treatment, alpha = 0.05, ...options }: TwoArms): Answer =>
  estimateOf(stats.welchTest(sampleOf(control), sampleOf(treatment), { alpha, ...options }));
const sequence = ({ control, treatment, alpha = 0.05, ...options }: TwoArms): Answer =>
  estimateOf(stats.confidenceSequence(sampleOf(control), sampleOf(treatment), { alpha, ...options }));

function belief(found: stats.Effect | undefined, prior: stats.EffectPrior | null | undefined): Answer {
  if (!found) return undefined;
  const { mean: expected, standardDeviation: stddev, chanceToWin, lower, upper, risk } = stats.effectBelief(found, 0.05, prior ?? undefined); // prettier-ignore
  return { expected, stddev, chanceToWin, ci: [lower, upper], risk: [risk.ofControl, risk.ofTreatment] };
}

interface CupedArm {
  readonly n: number;
  readonly post: number;
  readonly post2?: number;
  readonly pre: number;
  readonly pre2?: number;
  readonly pp: number;
}
const adjustedSums = ({ n, post, post2, pre, pre2, pp }: CupedArm, shares: boolean): stats.AdjustedSums => ({
  post: { units: n, sum: post, sumSquares: post2 ?? post },
  pre: { units: n, sum: pre, sumSquares: pre2 ?? pre },
  sumProducts: pp,
  shares,
});
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const products = (left: readonly number[], right: readonly number[]): number => total(left.map((value, at) => value * (right[at] ?? 0))); // prettier-ignore
const sumsOf = (values: readonly number[]): stats.MetricSums => ({ units: values.length, sum: total(values), sumSquares: products(values, values) }); // prettier-ignore

type Counts = readonly number[] | Readonly<Record<string, number>>;
/** Two histograms by name or place in the same order. */
function aligned(ref: Counts, cur: Counts): [number[], number[]] {
  const names = [...new Set([...Object.keys(ref), ...Object.keys(cur)])];
  const of = (counts: Counts): number[] => names.map((name) => (counts as Record<string, number>)[name] ?? 0);
  return [of(ref), of(cur)];
}
interface TwoCounts {
  readonly refCounts: Counts;
  readonly curCounts: Counts;
  readonly refN?: number;
  readonly curN?: number;
}
/** With the rows that are outside of all bins as one more bin. */
function binned({ refCounts, curCounts, refN, curN }: TwoCounts): [number[], number[]] {
  const [ref, cur] = aligned(refCounts, curCounts);
  if (refN === undefined || curN === undefined) return [ref, cur];
  return [
    [...ref, refN - total(ref)],
    [...cur, curN - total(cur)],
  ];
}

interface Power {
  readonly mean: number;
  readonly variance: number;
  readonly relativeEffect: number;
  readonly power: number;
  readonly totalUsers: number;
  readonly numVariations: number;
  readonly alpha: number;
  readonly sequentialTuning: number;
}
const powerPlan = (input: Power): stats.PowerPlan => ({
  mean: input.mean,
  variance: input.variance,
  units: input.totalUsers,
  arms: input.numVariations,
  alpha: input.alpha,
  ...(input.sequentialTuning > 0 && { tuning: input.sequentialTuning }),
});
interface PowerCurve {
  readonly usersPerWeek: number;
  readonly numVariations: number;
  readonly weeks: number;
  readonly alpha: number;
  readonly metrics: readonly {
    name: string;
    rate?: number;
    mean?: number;
    variance?: number;
    relativeEffect: number;
  }[];
}
const powerCurve = ({ usersPerWeek, numVariations: arms, weeks, alpha, metrics }: PowerCurve): Answer =>
  Object.fromEntries(
    metrics.map(({ name, rate = 0, mean = rate, variance = rate * (1 - rate), relativeEffect }) => [
      name,
      Array.from({ length: weeks }, (_, week) => stats.powerOf({ mean, variance, units: usersPerWeek * (week + 1), arms, alpha }, relativeEffect)),
    ]),
  ); // prettier-ignore

interface Fractional {
  readonly bucketBy: string;
  readonly weights: Readonly<Record<string, number>>;
}
function fractional({ bucketBy, weights }: Fractional): Answer {
  const place = stats.bucketOf(stats.murmur3(bucketBy), total(Object.values(weights)));
  return pick(weights, place);
}
function pick(weights: Readonly<Record<string, number>>, place: number): string | undefined {
  let reached = 0;
  return Object.entries(weights).find(([, weight]) => place < (reached += weight))?.[0];
}
interface UnleashInput {
  readonly groupId: string;
  readonly userId: string;
  readonly percentage: number;
  readonly seed: number;
  readonly totalWeight: number;
  readonly weights: Readonly<Record<string, number>>;
}
interface TwoSamples {
  readonly u: readonly number[];
  readonly v: readonly number[];
  readonly uw?: readonly number[];
  readonly vw?: readonly number[];
}
const samples = ({ u, v, uw, vw }: TwoSamples): [stats.Sample, stats.Sample] => [
  { values: u, ...(uw && { weights: uw }) },
  { values: v, ...(vw && { weights: vw }) },
];
interface QuantileArm {
  readonly n: number;
  readonly hat: number;
  readonly lower: number;
  readonly upper: number;
}
const quantileArm = ({ n, hat, lower, upper }: QuantileArm): stats.MetricSample =>
  stats.quantileSample(n, hat, { lower, upper }, stats.normalQuantile(0.975));
interface Ks {
  readonly x: readonly number[];
  readonly y: readonly number[];
}
function ks({ x, y }: Ks): Answer {
  const { statistic, pValue } = stats.kolmogorovSmirnov(Float64Array.from(x), Float64Array.from(y));
  return { statistic, pValueExact: pValue, pValueOldAsymptotic: stats.asymptoticTail(statistic, x.length, y.length) };
}
interface Pooled {
  readonly ref: readonly number[];
  readonly cur: readonly number[];
}
/** Student's test with one variance for both samples. */
function pooledStudent({ ref, cur }: Pooled): Answer {
  const [a, b] = [stats.meanSample(sumsOf(ref)), stats.meanSample(sumsOf(cur))];
  const df = a.units + b.units - 2;
  const variance = ((a.units - 1) * a.variance + (b.units - 1) * b.variance) / df;
  const effect = b.mean - a.mean;
  const found = { effect, standardError: Math.sqrt(variance * (1 / a.units + 1 / b.units)) };
  return { pValue: stats.studentEstimate(found, df, { alpha: 0.05 }).pValue };
}

/** What this library answers, by kind of vector. */
export const RUNNERS: Readonly<Record<string, (input: never) => Answer>> = {
  'hash.growthbook': ({ seed, value, version }: { seed: string; value: string; version: 1 | 2 }) => stats.growthbookHash(seed, value, version),
  'hash.md5_shard': ({ input, totalShards }: { input: string; totalShards: number }) => stats.md5Shard(input, totalShards),
  'hash.sha256_u64': ({ input }: { input: string }) => {
    const hash = stats.sha256High64(input);
    return { u64: String(hash), mod10000: Number(hash % 10_000n), mod1000: Number(hash % 1000n) };
  },
  'hash.murmur3_fractional': fractional,
  'hash.murmur3_normalized': ({ groupId, userId, percentage }: UnleashInput) => stats.unleashPlace(groupId, userId) <= percentage,
  'hash.murmur3_variant': ({ groupId, userId, totalWeight, seed, weights }: UnleashInput) => pick(weights, stats.unleashPlace(groupId, userId, totalWeight, seed) - 1),
  'stats.welch_two_sided': welch,
  'stats.welch_one_sided': welch,
  'stats.sequential_acs': sequence,
  'stats.sequential_one_sided': sequence,
  'stats.acs_multiplier': ({ alpha, tuning, n }: { alpha: number; tuning: number; n: number }) => ({
    rho: stats.sequenceRho(alpha, tuning),
    multiplierOfStderr: stats.sequenceMultiplier(alpha, n, tuning),
    fixedZ: stats.normalQuantile(1 - alpha / 2),
  }),
  'stats.msprt_normal': ({ effect, varOfEffect, tau2 }: { effect: number; varOfEffect: number; tau2: number }) => {
    const ratio = stats.mixtureRatio(effect, varOfEffect, tau2);
    return { lambda_: ratio, pValue: Math.min(1, 1 / ratio) };
  },
  'stats.cuped_relative': ({ control, treatment, type }: { control: CupedArm; treatment: CupedArm; type?: string }) => {
    const [a, b] = [adjustedSums(control, type === 'prop'), adjustedSums(treatment, type === 'prop')];
    return stats.cupedTest(a, b, { difference: 'relative', alpha: 0.05 });
  },
  'stats.cuped_theta': ({ post, pre }: { post: number[]; pre: number[] }) => {
    const arm = { post: sumsOf(post), pre: sumsOf(pre), sumProducts: products(post, pre) };
    return stats.cupedTheta(arm, arm);
  },
  'stats.uplift': ({ control, treatment, relative }: { control: number; treatment: number; relative: boolean }) => stats.upliftOf(control, treatment, relative ? 'relative' : 'absolute'),
  'stats.bayes_gaussian_effect': ({ control, treatment, difference, prior }: TwoArms) => belief(stats.effectOf(sampleOf(control), sampleOf(treatment), difference), prior),
  'stats.bayes_risk': ({ mu, sigma }: { mu: number; sigma: number }) => {
    const { ofControl, ofTreatment } = stats.effectRisk(mu, sigma);
    return [ofControl, ofTreatment];
  },
  'stats.quantile_effect': ({ control, treatment, difference, prior }: { control: QuantileArm; treatment: QuantileArm; difference: stats.Difference; prior: stats.EffectPrior | null }) =>
    belief(stats.effectOf(quantileArm(control), quantileArm(treatment), difference), prior),
  'health.srm_chi2': ({ observed, weights }: { observed: number[]; weights: number[] }) => stats.sampleRatioChi2(observed, weights),
  'stats.holm_bonferroni': ({ p }: { p: number[] }) => stats.holm(p),
  'stats.benjamini_hochberg': ({ p }: { p: number[] }) => stats.benjaminiHochberg(p),
  'stats.adjusted_ci': ({ pAdjusted, lift, pThreshold }: { pAdjusted: number; lift: number; pThreshold: number }) => stats.adjustedInterval(lift, pAdjusted, pThreshold),
  'stats.delta_method_variance': (v: { varA: number; meanA: number; nA: number; varB: number; meanB: number; nB: number; relative: boolean }) =>
    stats.effectVariance({ units: v.nA, mean: v.meanA, variance: v.varA }, { units: v.nB, mean: v.meanB, variance: v.varB }, v.relative ? 'relative' : 'absolute'),
  'stats.power': (input: Power) => stats.powerOf(powerPlan(input), input.relativeEffect),
  'stats.mde': (input: Power) => stats.minimumDetectableLift(powerPlan(input), input.power),
  'stats.power_curve': powerCurve,
  'stats.sample_size_two_prop': (v: { absMde: number; baseline: number; alpha: number; power: number }) => stats.unitsForShares(v.baseline, v.absMde, v.alpha, v.power),
  'drift.chi2_gof': ({ refCounts, curCounts }: { refCounts: number[]; curCounts: number[] }) => stats.chiSquareFit(curCounts, refCounts),
  'drift.chi2_contingency': ({ refCounts, curCounts }: TwoCounts) => stats.chiSquareHomogeneity(...aligned(refCounts, curCounts)),
  'drift.hellinger_categorical': (input: TwoCounts) => stats.hellingerDistance(...binned(input)),
  'drift.hellinger_binned': (input: TwoCounts) => stats.hellingerDistance(...binned(input)),
  'drift.js_base2_categorical': (input: TwoCounts) => stats.jensenShannonDistance(...binned(input), 2),
  'drift.js_base2_binned': (input: TwoCounts) => stats.jensenShannonDistance(...binned(input), 2),
  'drift.l_infinity': (input: TwoCounts) => stats.largestShareDifference(...binned(input)),
  'drift.psi_binned': (input: TwoCounts) => ({ psi: stats.plainPopulationStability(...binned(input)), hellinger: stats.hellingerDistance(...binned(input)) }),
  'drift.psi_kl_js': (input: TwoCounts) => {
    const [ref, cur] = binned(input);
    return {
      psi: stats.plainPopulationStability(ref, cur),
      klRefCur: stats.kullbackLeibler(ref, cur),
      jsDistanceNat: stats.jensenShannonDistance(ref, cur),
      jsDistanceBase2: stats.jensenShannonDistance(ref, cur, 2),
    };
  },
  'drift.z_proportion': ({ refCounts, curCounts }: { refCounts: number[]; curCounts: number[] }) =>
    stats.twoProportions({ rows: total(refCounts), successes: refCounts[0] ?? 0 }, { rows: total(curCounts), successes: curCounts[0] ?? 0 }),
  'drift.t_test': pooledStudent,
  'drift.energy_distance': ({ ref, cur }: Pooled) => stats.energyDistance({ values: ref }, { values: cur }),
  'scipy.chisquare': ({ obs, exp }: { obs: number[]; exp?: number[] }) => stats.chiSquareFit(obs, exp ?? obs.map(() => 1)),
  'scipy.wasserstein_distance': (input: TwoSamples) => stats.wassersteinDistance(...samples(input)),
  'scipy.energy_distance': (input: TwoSamples) => stats.energyDistance(...samples(input)),
  'scipy.jensenshannon_distance': ({ p, q, base }: { p: number[]; q: number[]; base: number | null }) => stats.jensenShannonDistance(p, q, base ?? undefined),
  'scipy.ks_2samp': ks,
}; // prettier-ignore
