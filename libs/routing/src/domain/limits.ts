/** As the contract has it. */
export const UNITS_MAX = 1_000;

export interface RoutingLimits {
  /** How long a signed assignment is good, in milliseconds of the wall clock. */
  readonly assignmentMs: number;
  /** Exposures that a process remembers, to write less. */
  readonly exposureCacheMax: number;
  /** Between two looks at running experiments. */
  readonly analyzeEveryMs: number;
}

export const DEFAULT_LIMITS: RoutingLimits = Object.freeze({
  assignmentMs: 3_600_000,
  exposureCacheMax: 50_000,
  analyzeEveryMs: 60_000,
});
