import type { Millis } from './millis.ts';
import type { FinalStatus } from './run-status.ts';

/** What happened, in the words of the domain; becomes one published event with the run as its key. */
export interface RunFinished {
  readonly kind: 'run-finished';
  readonly runId: string;
  readonly experimentId: bigint;
  readonly runName: string;
  readonly status: FinalStatus;
  readonly startTime: Millis;
  readonly endTime: Millis;
  readonly principal: string;
  /** Of the datasets that it has read, each once, in order. */
  readonly datasetDigests: readonly string[];
}

export type TrackingFact = RunFinished;
