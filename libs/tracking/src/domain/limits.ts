/** Bounds that MLflow has too; its clients rely on them. Characters are Unicode code points. */
export const EXPERIMENT_NAME_CHARS_MAX = 500;
export const EXPERIMENT_TAG_CHARS_MAX = 5_000;
export const EXPERIMENT_TAGS_MAX = 1_000;
export const KEY_CHARS_MAX = 250;
export const PARAM_VALUE_CHARS_MAX = 6_000;
export const RUN_TAG_CHARS_MAX = 8_000;
export const USER_ID_CHARS_MAX = 256;
export const ARTIFACT_LOCATION_CHARS_MAX = 2_048;
export const LOGGED_MODEL_NAME_CHARS_MAX = 500;
export const BATCH_METRICS_MAX = 1_000;
export const BATCH_PARAMS_MAX = 100;
export const BATCH_TAGS_MAX = 100;
export const BATCH_ENTRIES_MAX = 1_000;
export const DATASET_NAME_CHARS_MAX = 500;
export const INPUT_TAG_KEY_CHARS_MAX = 255;
export const INPUT_TAG_VALUE_CHARS_MAX = 500;

/** Bounds of one tracking service; all of them are settings. */
export interface TrackingLimits {
  /** One file of a run. */
  readonly artifactBytesMax: number;
  /** Uploads at once; a further one is told to come back. */
  readonly uploadsMax: number;
  /** Milliseconds until an upload in parts expires. */
  readonly multipartKeepMs: number;
  /** Milliseconds between two looks for expired ones. */
  readonly multipartSweepMs: number;
  /** Milliseconds between two looks for files of what was removed for ever. */
  readonly removalSweepMs: number;
  /** Days that something deleted is kept; 0 is for ever. */
  readonly deletedRetentionDays: number;
  /** Points of one transaction of the stream. */
  readonly metricBatchPointsMax: number;
  /** How long the first point of a transaction waits for others. */
  readonly metricLingerMs: number;
  /** Points of all streams that wait in memory; past it streams are read no further. */
  readonly metricBufferPointsMax: number;
}

export const DEFAULT_LIMITS: TrackingLimits = Object.freeze({
  artifactBytesMax: 16 * 1024 ** 3,
  uploadsMax: 32,
  multipartKeepMs: 24 * 60 * 60_000,
  multipartSweepMs: 10 * 60_000,
  removalSweepMs: 30_000,
  deletedRetentionDays: 0,
  metricBatchPointsMax: 10_000,
  metricLingerMs: 5,
  metricBufferPointsMax: 200_000,
});

/** The first code points of a text. */
export function cutTo(text: string, charsMax: number): string {
  return isLongerThan(text, charsMax) ? Array.from(text).slice(0, charsMax).join('') : text;
}

/** Code points of a text, as Python counts them; long texts are the exception, so most cost one comparison. */
export function isLongerThan(text: string, charsMax: number): boolean {
  if (text.length <= charsMax) return false;
  let count = 0;
  for (const _ of text) if ((count += 1) > charsMax) return true;
  return false;
}
