/** File of a model package that holds the profile. */
export const PROFILE_FILE = 'profile.json';
export const PROFILE_FORMAT = 'slipway.reference-profile/v1';

/** Counts by bin of a distribution of numbers: bin i has the values in [edges[i - 1], edges[i]), the first and the last are open. */
export interface NumberBins {
  /** Ascending, finite, each once; k edges make k + 1 bins. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A feature by the name that a prediction gives it: `view:feature` or `request:feature`. Counts are over all rows of the profile. */
export type ProfiledFeature =
  /** `counts` has one more entry than there are bins: rows in which it is null or NaN. */
  | ({ readonly name: string; readonly kind: 'number' } & NumberBins)
  /** `counts` has two more entries than `categories`: rows with another text, and rows in which it is null. */
  | {
      readonly name: string;
      readonly kind: 'text';
      readonly categories: readonly string[];
      readonly counts: readonly number[];
    };

/** One UTC day of the reference; sums are over its rows. `scores` and `features` are counts in the bins of the profile. */
export interface ProfiledDay {
  /** `2001-04-01`. */
  readonly day: string;
  readonly rows: number;
  readonly positives: number;
  readonly scoreSum: number;
  readonly logLossSum: number;
  readonly brierSum: number;
  readonly scores: readonly number[];
  readonly features: readonly (readonly number[])[];
}

/**
 * What a model saw and answered on its training set, by day: what later predictions are compared with.
 *
 * Scores, losses and calibration are in-sample: the model was fitted to these very rows, so they look a little better than what it can do on new
 * ones. Thresholds that follow from them are a little too tight for models that memorize; for a regularized linear model the difference is small.
 */
export interface ReferenceProfile {
  readonly format: typeof PROFILE_FORMAT;
  /** Name of the model's output that is the score: the probability of label 1. */
  readonly output: string;
  readonly rows: number;
  /** Event times of the first and the last row, microseconds since 1970. */
  readonly from: bigint;
  readonly until: bigint;
  /** Share of rows with label 1. */
  readonly positiveShare: number;
  readonly scores: NumberBins;
  readonly features: readonly ProfiledFeature[];
  /** Ascending; days without rows are left out. */
  readonly days: readonly ProfiledDay[];
}

/** Number of entries in a feature's counts. */
export const slotsOf = (feature: ProfiledFeature): number =>
  feature.kind === 'number' ? feature.edges.length + 2 : feature.categories.length + 2;
