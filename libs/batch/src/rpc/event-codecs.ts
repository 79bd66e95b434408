import { jobChanged } from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';
import type { BatchFact } from '../domain/facts.ts';
import { rowsOf } from '../domain/scoring-job.ts';

/** A fact as it is published. */
export interface EncodedFact {
  readonly definition: EventDefinition<object>;
  readonly payload: object;
}

/** The wire form of every fact. */
export function encodeFact({ job }: BatchFact): EncodedFact {
  return {
    definition: jobChanged,
    payload: {
      job_id: job.id,
      consumer: job.plan.consumer,
      model: job.model.name,
      version: `${job.model.version}`,
      state: job.state,
      rows: `${rowsOf(job)}`,
      scored_rows: `${job.scoredRows}`,
      failed_rows: `${job.failedRows}`,
      partitions: job.partitions,
      finished_partitions: job.finishedPartitions,
      lost_attempts: job.lostAttempts,
      manifest_uri: job.manifestUri,
    },
  };
}
