import type { PartitionOutput } from '../domain/partition.ts';
import type { ScoringJob } from '../domain/scoring-job.ts';

/** A job that has just begun. */
export const sampleJob = (id: string): ScoringJob => ({
  id,
  operationId: id,
  plan: {
    consumer: 'nightly',
    source: 'flights',
    model: 'flights@champion',
    version: 0,
    requestColumns: {},
    passthrough: ['id'],
    outputs: [],
    from: undefined,
    until: undefined,
    partitionRows: 10,
    failedRowsShareMax: 0,
    attemptsMax: 3,
    online: undefined,
  },
  model: {
    name: 'flights',
    version: 1,
    digest: 'd'.repeat(64),
    columns: ['f0'],
    storeFeatures: [],
    outputs: ['probability'],
    timeColumn: '',
  },
  state: 'joining',
  phase: 'joining',
  rows: undefined,
  scoredRows: 0,
  failedRows: 0,
  partitions: 0,
  finishedPartitions: 0,
  lostAttempts: 0,
  manifestUri: '',
  manifestSha256: '',
  outputSha256: '',
  principal: 'alice',
  createTime: 1_000_000n,
  endTime: undefined,
  failure: undefined,
});

export const sampleOutput = (rows: number): PartitionOutput => ({
  scoredRows: rows,
  failedRows: 0,
  output: undefined,
  errors: undefined,
  values: undefined,
});
