/** Bounds of pipelines; see the settings for what each one is for. */
export interface PipelineLimits {
  /** How long a run stays without an owner after its process died. */
  readonly leaseMs: number;
  /** Worst delay until a cancel, a new run or a due trigger is seen. */
  readonly pollMs: number;
  /** Runs that one process drives at once; others wait for another process. */
  readonly runsMax: number;
  /** Steps of one run that are active at once. */
  readonly stepsMax: number;
  /** First wait after a failed attempt; doubles up to a hundred times that. */
  readonly backoffMs: number;
}

export const DEFAULT_LIMITS: PipelineLimits = {
  leaseMs: 10_000,
  pollMs: 1_000,
  runsMax: 16,
  stepsMax: 8,
  backoffMs: 1_000,
};

/** Processes that may end over one step: the step itself may be what ends them. */
export const INTERRUPTIONS_MAX = 10;
/** Causes that a run names; a storm adds nothing to read after these. */
export const CAUSES_MAX = 256;
/** Of a step's sentence. */
export const MESSAGE_BYTES_MAX = 1_024;
