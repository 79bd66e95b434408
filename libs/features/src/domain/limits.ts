/** Bounds of one feature store; all of them are settings. */
export interface FeatureLimits {
  /** One file of rows, or of entity rows. */
  readonly uploadBytesMax: number;
  /** Uploads at once; a further one is told to come back. */
  readonly uploadsMax: number;
  /** A sender of an upload that is silent for longer has given up. */
  readonly uploadIdleMs: number;
  /** Copies of stored files that are kept on this machine for the engine. */
  readonly cacheBytesMax: number;
  /** How long another process may go on with the repository before. */
  readonly repositoryRefreshMs: number;
  /** A stored file that nothing names is kept at least this long. An upload may take half of it. */
  readonly unusedBlobMs: number;
  /** Between two rounds of the sweeper. */
  readonly sweepEveryMs: number;
  /** Rows of a version of stored predictions that is not served any more are kept so long for who has just found it; more than `repositoryRefreshMs`. */
  readonly retiredPredictionsMs: number;
  /** Between two rounds of the reaper of such rows. */
  readonly reapEveryMs: number;
}

export const DEFAULT_LIMITS: FeatureLimits = Object.freeze({
  uploadBytesMax: 8 * 1024 ** 3,
  uploadsMax: 8,
  uploadIdleMs: 60_000,
  cacheBytesMax: 16 * 1024 ** 3,
  repositoryRefreshMs: 1_000,
  unusedBlobMs: 24 * 3600 * 1000,
  sweepEveryMs: 3600 * 1000,
  retiredPredictionsMs: 120_000,
  reapEveryMs: 30_000,
});

/** Segments of one source that one job reads; more of them mean files that are far too small. */
export const SEGMENTS_MAX = 10_000;
