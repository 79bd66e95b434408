import { defineSettings } from '@slipway/platform';
import { z } from 'zod';
import type { BatchLimits } from '../domain/dependencies.ts';

const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** For a process without settings of its own. */
export const DEFAULT_BATCH_LIMITS: BatchLimits & { readonly waitMs: number } = Object.freeze({
  leaseMs: 15_000,
  attemptMs: 3_600_000,
  partitionRows: 100_000,
  batchRows: 8_192,
  scratchBytesMax: 16 * 1024 ** 3,
  settleEveryMs: 5_000,
  waitMs: 3_600_000,
});

/** Settings of scoring jobs; flat, so that a process that hosts several services can join them. How many workers there are is the launcher's. */
export const batchSettings = defineSettings({
  'batch.lease-ms': {
    schema: milliseconds(200, 3_600_000),
    default: DEFAULT_BATCH_LIMITS.leaseMs,
    doc: 'Milliseconds without a sign of life after which a worker counts as lost.',
  },
  'batch.attempt-ms': {
    schema: milliseconds(1_000, 7 * 24 * 3_600_000),
    default: DEFAULT_BATCH_LIMITS.attemptMs,
    doc: 'Milliseconds that one attempt at one partition may take, however alive its worker is.',
  },
  'batch.partition-rows': {
    schema: z.coerce.number().int().min(1).max(10_000_000),
    default: DEFAULT_BATCH_LIMITS.partitionRows,
    doc: 'Rows of a partition at most, where a job names no number.',
  },
  'batch.batch-rows': {
    schema: z.coerce.number().int().min(1).max(1_000_000),
    default: DEFAULT_BATCH_LIMITS.batchRows,
    doc: 'Rows of one call of the model.',
  },
  'batch.scratch-bytes-max': {
    schema: z.coerce
      .number()
      .int()
      .min(1)
      .max(1024 ** 5),
    default: DEFAULT_BATCH_LIMITS.scratchBytesMax,
    doc: 'Bytes of copies of input files in the data directory; a job that needs more at once fails.',
  },
  'batch.settle-every-ms': {
    schema: milliseconds(100, 3_600_000),
    default: DEFAULT_BATCH_LIMITS.settleEveryMs,
    doc: 'Milliseconds between two looks for jobs whose operation has ended without them.',
  },
  'batch.wait-ms': {
    schema: milliseconds(1_000, 7 * 24 * 3_600_000),
    default: DEFAULT_BATCH_LIMITS.waitMs,
    doc: 'Milliseconds to wait for a join or a load of the feature store.',
  },
});

/** @param get reads one setting, e.g. `(key) => config.get(key)`. */
export const readBatchLimits = (get: (key: keyof typeof batchSettings) => number): typeof DEFAULT_BATCH_LIMITS =>
  Object.freeze({
    leaseMs: get('batch.lease-ms'),
    attemptMs: get('batch.attempt-ms'),
    partitionRows: get('batch.partition-rows'),
    batchRows: get('batch.batch-rows'),
    scratchBytesMax: get('batch.scratch-bytes-max'),
    settleEveryMs: get('batch.settle-every-ms'),
    waitMs: get('batch.wait-ms'),
  });
