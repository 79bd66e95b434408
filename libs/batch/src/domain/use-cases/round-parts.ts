import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import type { ScoringJob } from '../scoring-job.ts';
import type { Call } from '../unit-of-work.ts';
import type { PartitionLedger } from './partition-ledger.ts';

/** What the attempts of one job have in common. */
export interface RoundParts {
  readonly call: Call;
  readonly job: ScoringJob;
  readonly deps: BatchDependencies;
  readonly handle: WorkHandle;
  readonly ledger: PartitionLedger;
  readonly packageFolder: string;
}
