import type { ScoringJob } from './scoring-job.ts';

/** A job reached another state, or finished a partition. */
export interface JobChanged {
  readonly kind: 'job-changed';
  readonly job: ScoringJob;
}

export type BatchFact = JobChanged;
