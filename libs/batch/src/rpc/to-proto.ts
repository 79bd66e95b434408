import type {
  Partition as PartitionMessage,
  ScoringJob as ScoringJobMessage,
  ScoringPlan as ScoringPlanMessage,
} from '@slipway/contracts/slipway.batch.v1';
import type { Micros } from '@slipway/kernel';
import type { Partition } from '../domain/partition.ts';
import { rowsOf, type ScoringJob, type ScoringPlan } from '../domain/scoring-job.ts';

/** google.protobuf.Timestamp; nanos count up from the second, also before 1970. */
export function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
}

const optionalTime = (micros: Micros | string | undefined) =>
  micros === undefined ? null : toTimestamp(BigInt(micros));

const JOB_STATE = {
  joining: 'SCORING_JOB_STATE_JOINING',
  scoring: 'SCORING_JOB_STATE_SCORING',
  published: 'SCORING_JOB_STATE_PUBLISHED',
  done: 'SCORING_JOB_STATE_DONE',
  failed: 'SCORING_JOB_STATE_FAILED',
  cancelled: 'SCORING_JOB_STATE_CANCELLED',
} as const;

const PARTITION_STATE = {
  waiting: 'PARTITION_STATE_WAITING',
  leased: 'PARTITION_STATE_LEASED',
  done: 'PARTITION_STATE_DONE',
} as const;

const toPlanMessage = (plan: ScoringPlan): ScoringPlanMessage => ({
  consumer: plan.consumer,
  source: plan.source,
  model: plan.model,
  version: `${plan.version}`,
  request_columns: { ...plan.requestColumns },
  passthrough: [...plan.passthrough],
  outputs: [...plan.outputs],
  from: optionalTime(plan.from),
  until: optionalTime(plan.until),
  partition_rows: `${plan.partitionRows}`,
  failed_rows_share_max: plan.failedRowsShareMax,
  attempts_max: plan.attemptsMax,
  online: plan.online
    ? {
        table: plan.online.table,
        keys: [...plan.online.keys],
        fallback: plan.online.fallback === 'mean' ? 'FALLBACK_KIND_MEAN' : 'FALLBACK_KIND_UNSPECIFIED',
      }
    : null,
});

export const toJobMessage = (job: ScoringJob): ScoringJobMessage => ({
  id: job.id,
  operation_id: job.operationId,
  plan: toPlanMessage(job.plan),
  state: JOB_STATE[job.state],
  version: `${job.model.version}`,
  digest: job.model.digest,
  scoring_set_id: job.rows?.scoringSet ?? '',
  rows: `${rowsOf(job)}`,
  scored_rows: `${job.scoredRows}`,
  failed_rows: `${job.failedRows}`,
  partitions: job.partitions,
  finished_partitions: job.finishedPartitions,
  lost_attempts: job.lostAttempts,
  manifest_uri: job.manifestUri,
  output_sha256: job.outputSha256,
  principal: job.principal,
  create_time: toTimestamp(job.createTime),
  end_time: optionalTime(job.endTime),
  error_reason: job.failure?.reason ?? '',
  error_message: job.failure?.message ?? '',
});

export const toPartitionMessage = (partition: Partition): PartitionMessage => ({
  number: partition.number,
  file_uri: partition.file.uri,
  first_row: `${partition.firstRow}`,
  rows: `${partition.rows}`,
  state: PARTITION_STATE[partition.state],
  epoch: `${partition.epoch}`,
  worker: partition.worker,
  lease_until: partition.state === 'leased' ? toTimestamp(partition.leaseUntil) : null,
  failed_rows: `${partition.result?.failedRows ?? 0}`,
  output_uri: partition.result?.output?.uri ?? '',
  error_message: partition.errorMessage,
});
