import type { Clock, Logger, Turnstile } from '@slipway/kernel';
import type { Launcher } from '@slipway/plugin-kit';
import type { FeatureSets, JobFiles, ModelRegistry } from './ports.ts';
import type { BatchUnitOfWork } from './unit-of-work.ts';

/** Steps between which a kill test ends the process; commits have their own. */
export type BatchStep =
  | 'begun'
  | 'joined'
  | 'planned'
  | 'leased'
  | 'scored'
  | 'stored'
  | 'accepted'
  | 'hashed'
  | 'manifest-written'
  | 'published'
  | 'committed'
  | 'loaded'
  | 'done';

export interface BatchLimits {
  /** A lease without a sign of life ends after this time. */
  readonly leaseMs: number;
  /** One attempt, however alive its worker is. */
  readonly attemptMs: number;
  /** When the plan names no number of rows. */
  readonly partitionRows: number;
  /** Rows of one call of the model. */
  readonly batchRows: number;
  /** Copies of input files and packages on this machine. */
  readonly scratchBytesMax: number;
  /** Between two looks for jobs whose operation has ended without them. */
  readonly settleEveryMs: number;
}

/** What the use cases work with. */
export interface BatchDependencies {
  readonly unitOfWork: BatchUnitOfWork;
  readonly registry: ModelRegistry;
  readonly features: FeatureSets;
  readonly files: JobFiles;
  readonly launcher: Launcher;
  /** Places for attempts of all jobs of this process. */
  readonly slots: Turnstile;
  /** Whose packages are scored with, as PEM. */
  readonly trustedKeys: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: BatchLimits;
  /** For kill tests. */
  readonly atStep: (step: BatchStep) => void;
}

/** What running work is told and tells. */
export interface WorkHandle {
  /** Names the work, also after it was begun again. */
  readonly id: string;
  readonly signal: AbortSignal;
  /** Once `signal` aborts: somebody asked for a stop. Otherwise this process stops, and another one goes on. */
  isCancelled(): boolean;
  progress(done: bigint | number, total?: bigint | number): void;
}
