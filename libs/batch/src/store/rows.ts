import type { JsonValue } from '@slipway/kernel';
import type { Partition } from '../domain/partition.ts';
import type { PinnedRows, ScoringJob } from '../domain/scoring-job.ts';
import type { JobRecord, PartitionRecord } from './entities.ts';

/** JSON columns hold what this store wrote; their form is not checked again. */
const fromJson = (json: JsonValue): unknown => json;
/** Without undefined fields: the ORM would keep them as null. */
const toJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;

/** Bytes of a message that a column keeps. */
const MESSAGE_CHARACTERS_MAX = 1_024;

/** PostgreSQL keeps no NUL. */
const shortened = (text: string): string => text.replaceAll('\0', '').slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed();

type StoredRows = Omit<PinnedRows, 'fromExclusive' | 'toInclusive'> & {
  readonly fromExclusive: string;
  readonly toInclusive: string;
};

function rowsFrom(json: JsonValue | null | undefined): PinnedRows | undefined {
  if (json === null || json === undefined) return undefined;
  const stored = fromJson(json) as StoredRows;
  return {
    ...stored,
    fromExclusive: BigInt(stored.fromExclusive),
    toInclusive: BigInt(stored.toInclusive),
  };
}

const rowsTo = (rows: PinnedRows | undefined): JsonValue | null =>
  rows ? toJson({ ...rows, fromExclusive: `${rows.fromExclusive}`, toInclusive: `${rows.toInclusive}` }) : null;

export const jobOf = (row: JobRecord): ScoringJob => ({
  id: row.id,
  operationId: row.operationId,
  plan: fromJson(row.plan) as ScoringJob['plan'],
  model: fromJson(row.model) as ScoringJob['model'],
  state: row.state as ScoringJob['state'],
  phase: row.phase as ScoringJob['phase'],
  rows: rowsFrom(row.rows),
  scoredRows: Number(row.scoredRows),
  failedRows: Number(row.failedRows),
  partitions: row.partitions,
  finishedPartitions: row.finishedPartitions,
  lostAttempts: row.lostAttempts,
  manifestUri: row.manifestUri,
  manifestSha256: row.manifestSha256,
  outputSha256: row.outputSha256,
  principal: row.principal,
  createTime: row.createTime,
  endTime: row.endTime ?? undefined,
  failure: row.failure ? (fromJson(row.failure) as NonNullable<ScoringJob['failure']>) : undefined,
});

export function jobRowOf(workspace: string, job: ScoringJob) {
  const { plan, model, rows, failure, scoredRows, failedRows, endTime, ...plain } = job;
  return {
    workspace,
    ...plain,
    consumer: plan.consumer,
    plan: toJson(plan),
    model: toJson(model),
    rows: rowsTo(rows),
    scoredRows: BigInt(scoredRows),
    failedRows: BigInt(failedRows),
    endTime: endTime ?? null,
    failure: failure ? toJson({ ...failure, message: shortened(failure.message) }) : null,
  };
}

export const partitionOf = (row: PartitionRecord): Partition => ({
  number: Number(row.number),
  file: fromJson(row.file) as Partition['file'],
  firstRow: Number(row.firstRow),
  rows: Number(row.rows),
  state: row.state as Partition['state'],
  epoch: Number(row.epoch),
  failures: row.failures,
  worker: row.worker,
  leaseUntil: row.leaseUntil,
  result: row.result ? (fromJson(row.result) as NonNullable<Partition['result']>) : undefined,
  errorMessage: row.errorMessage,
});

export const partitionRowOf = (workspace: string, job: string, partition: Partition) => ({
  workspace,
  job,
  number: BigInt(partition.number),
  file: toJson(partition.file),
  firstRow: BigInt(partition.firstRow),
  rows: BigInt(partition.rows),
  state: partition.state,
  epoch: BigInt(partition.epoch),
  failures: partition.failures,
  worker: partition.worker,
  leaseUntil: partition.leaseUntil,
  result: partition.result ? toJson(partition.result) : null,
  errorMessage: shortened(partition.errorMessage),
});
