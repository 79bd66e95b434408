/** Bounds of one registry; all of them are settings. */
export interface RegistryLimits {
  /** All files of a package together. */
  readonly packageBytesMax: number;
  /** The ONNX file, which is read into memory to be checked. */
  readonly graphBytesMax: number;
  /** Uploads at once; a further one is told to come back. */
  readonly uploadsMax: number;
  /** A sender of an upload that is silent for longer has given up. */
  readonly uploadIdleMs: number;
  /** A stored file that no version names is kept at least this long. An upload may take half of it. */
  readonly unusedBlobMs: number;
  /** Between two rounds of the sweeper. */
  readonly sweepEveryMs: number;
  /** By others than its creator, for every alias that has no policy of its own. */
  readonly approvalsRequired: number;
}

/** Fits the models this system serves in process; a hundredfold of the largest one in the examples. */
export const DEFAULT_LIMITS: RegistryLimits = Object.freeze({
  packageBytesMax: 2 * 1024 ** 3,
  graphBytesMax: 512 * 1024 ** 2,
  uploadsMax: 8,
  uploadIdleMs: 60_000,
  unusedBlobMs: 24 * 3600 * 1000,
  sweepEveryMs: 3600 * 1000,
  approvalsRequired: 0,
});

/** Aliases of one model that name a version; all of them are part of every answer about the model. */
export const ALIASES_MAX = 100;
