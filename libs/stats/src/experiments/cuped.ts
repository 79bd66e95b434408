import type { Difference } from './lift.ts';
import { meanSample, shareSample, type MetricSample, type MetricSums } from './sample.ts';
import { studentEstimate, welchDegrees, type Estimate, type TestOptions } from './welch.ts';

/** Sums over the units of one arm: the metric during the experiment, the same units' covariate from before, and the sum of their products. */
export interface AdjustedSums {
  readonly post: MetricSums;
  readonly pre: MetricSums;
  readonly sumProducts: number;
  /** Both are 0 or 1: variances and the covariance are then over n, not n - 1. */
  readonly shares?: boolean;
}

/** Sums of two arms together. */
function pooled(a: AdjustedSums, b: AdjustedSums): AdjustedSums {
  const add = (left: MetricSums, right: MetricSums): MetricSums => ({
    units: left.units + right.units,
    sum: left.sum + right.sum,
    sumSquares: left.sumSquares + right.sumSquares,
  });
  return { post: add(a.post, b.post), pre: add(a.pre, b.pre), sumProducts: a.sumProducts + b.sumProducts, shares: a.shares ?? false }; // prettier-ignore
}

const sampleOf = (sums: MetricSums, shares: boolean): MetricSample =>
  shares ? shareSample(sums.units, sums.sum) : meanSample(sums);

function covarianceOf({ post, pre, sumProducts, shares = false }: AdjustedSums): number {
  const { units } = post;
  return (sumProducts - (post.sum * pre.sum) / units) / (shares ? units : units - 1);
}

/** Deng, Xu, Kohavi, Walker 2013: the slope of post on pre over both arms; 0 when the covariate does not vary. */
export function cupedTheta(control: AdjustedSums, treatment: AdjustedSums): number {
  const both = pooled(control, treatment);
  const { variance } = sampleOf(both.pre, both.shares ?? false);
  return variance > 0 ? covarianceOf(both) / variance : 0;
}

/** Mean and variance of post - theta * pre in one arm. */
export function adjustedSample(sums: AdjustedSums, theta: number): MetricSample {
  const [post, pre] = [sampleOf(sums.post, sums.shares ?? false), sampleOf(sums.pre, sums.shares ?? false)];
  const variance = post.variance + theta ** 2 * pre.variance - 2 * theta * covarianceOf(sums);
  return { units: post.units, mean: post.mean - theta * pre.mean, variance };
}

/**
 * Variance of the relative lift (T - C) / |P| of adjusted means T and C by the unadjusted control mean P, by the delta method: C and P come from the
 * same units, so the gradient is taken by the control's post and pre means. In it the treatment's unadjusted mean stands for P + T - C, which it is
 * in the mean, as GrowthBook has it.
 */
function relativeVariance(control: AdjustedSums, treatment: AdjustedSums, theta: number): number {
  const shares = control.shares ?? false;
  const [post, pre] = [sampleOf(control.post, shares), sampleOf(control.pre, shares)];
  const base = Math.abs(post.mean);
  const byPost = (-Math.sign(post.mean) * sampleOf(treatment.post, shares).mean) / base ** 2;
  const byPre = theta / base;
  const ofControl =
    byPost ** 2 * post.variance + byPre ** 2 * pre.variance + 2 * byPost * byPre * covarianceOf(control);
  return ofControl / post.units + adjustedSample(treatment, theta).variance / treatment.post.units / base ** 2;
}

/**
 * Welch's test with the part of the metric removed that the units brought along. @returns undefined where there is no effect to estimate.
 * The baseline of a relative difference is the unadjusted control mean: the adjusted one has no meaning of its own.
 */
export function cupedTest(
  control: AdjustedSums,
  treatment: AdjustedSums,
  options: TestOptions,
): (Estimate & { readonly theta: number }) | undefined {
  const theta = cupedTheta(control, treatment);
  const [before, after] = [adjustedSample(control, theta), adjustedSample(treatment, theta)];
  const difference: Difference = options.difference;
  const base = difference === 'absolute' ? 1 : Math.abs(control.post.sum / control.post.units);
  const variance =
    difference === 'absolute'
      ? before.variance / before.units + after.variance / after.units
      : relativeVariance(control, treatment, theta);
  const effect = (after.mean - before.mean) / base;
  if (!(variance > 0) || !Number.isFinite(variance) || !Number.isFinite(effect)) return undefined;
  const found = { effect, standardError: Math.sqrt(variance) };
  return { ...studentEstimate(found, welchDegrees(before, after), options), theta };
}
