import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';

const name = () => columns.text(128);
const id = () => columns.text(64);
const json = () => columns.json<JsonValue>(4 * 1024 * 1024);

/** Which job has the turn of a consumer and source. */
export const LaneRow = defineEntity({
  name: 'BatchLaneRow',
  tableName: 'batch_lane',
  properties: { workspace: columns.workspace(), consumer: name().primary(), source: name().primary(), job: id() },
});

export const JobRow = defineEntity({
  name: 'BatchJobRow',
  tableName: 'batch_job',
  properties: {
    workspace: columns.workspace(),
    id: id().primary(),
    operationId: id(),
    consumer: name(),
    plan: json(),
    model: json(),
    state: columns.text(16),
    phase: columns.text(16),
    rows: json().nullable(),
    scoredRows: columns.int64(),
    failedRows: columns.int64(),
    partitions: p.integer(),
    finishedPartitions: p.integer(),
    lostAttempts: p.integer(),
    manifestUri: columns.text(1024),
    manifestSha256: columns.text(64),
    outputSha256: columns.text(64),
    /** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
    principal: columns.text(1024),
    createTime: columns.micros(),
    endTime: columns.micros().nullable(),
    failure: json().nullable(),
  },
  indexes: [
    { name: 'batch_job_create_time', properties: ['workspace', 'createTime', 'id'] },
    { name: 'batch_job_consumer', properties: ['workspace', 'consumer', 'createTime', 'id'] },
    { name: 'batch_job_state', properties: ['state'] },
  ],
});

export const PartitionRow = defineEntity({
  name: 'BatchPartitionRow',
  tableName: 'batch_partition',
  properties: {
    workspace: columns.workspace(),
    job: id().primary(),
    number: columns.int64().primary(),
    file: json(),
    firstRow: columns.int64(),
    rows: columns.int64(),
    state: columns.text(16),
    epoch: columns.int64(),
    failures: p.integer(),
    worker: columns.text(256),
    leaseUntil: columns.micros(),
    result: json().nullable(),
    errorMessage: columns.text(8192),
  },
  indexes: [{ name: 'batch_partition_state', properties: ['workspace', 'job', 'state', 'number'] }],
});

export type JobRecord = InferEntity<typeof JobRow>;
export type PartitionRecord = InferEntity<typeof PartitionRow>;

/** For composition. */
export const batchEntities = [LaneRow, JobRow, PartitionRow];
