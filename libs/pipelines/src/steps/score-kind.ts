import type { BatchService, ScoringJob__Output } from '@slipway/contracts/slipway.batch.v1';
import type { Client } from '@slipway/clients';
import { z } from 'zod';
import { stepBroken } from '../domain/errors.ts';
import { HOUR_MS, stepKind, type Fillable, type StepContext, type StepKind } from '../domain/step-kind.ts';
import { column, moment, name, timestampOf, version } from './fields.ts';
import { present, within, type PipelineClients } from './services.ts';

const LOOK_EVERY_MS = 500;

const schema = (value: Fillable) =>
  z.strictObject({
    consumer: value(name),
    source: value(name),
    /** `model@alias`, or a model with a version. */
    model: value(z.string().min(1).max(329)),
    version: value(version).optional(),
    requestColumns: z.record(z.string(), value(column)).default({}),
    passthrough: z.array(value(column)).min(1).max(256),
    outputs: z.array(value(column)).max(64).default([]),
    until: value(moment).optional(),
    partitionRows: value(z.number().int().min(0).max(10_000_000)).default(0),
    failedRowsShareMax: value(z.number().min(0).max(1)).default(0),
    online: z.strictObject({ table: value(name), keys: z.array(value(column)).min(1).max(64) }).optional(),
  });
type Input = z.output<ReturnType<typeof schema>>;

/** Scores rows of a source that were not scored yet, and waits for it. */
export const scoreKind = ({ batch }: Pick<PipelineClients, 'batch'>): StepKind =>
  stepKind<Input>({
    kind: 'score',
    timeoutMs: 12 * HOUR_MS,
    results: ['job', 'rows', 'manifest_uri'],
    schema,
    execute: async (input, context) => {
      const calls = within(present(batch, 'batch runner'), context);
      const plan = {
        consumer: input.consumer,
        source: input.source,
        model: input.model,
        version: input.version ?? '0',
        request_columns: input.requestColumns,
        passthrough: [...input.passthrough],
        outputs: [...input.outputs],
        partition_rows: String(input.partitionRows),
        failed_rows_share_max: input.failedRowsShareMax,
        ...(input.until === undefined ? {} : { until: timestampOf(input.until) }),
        ...(input.online ? { online: { table: input.online.table, keys: [...input.online.keys] } } : {}),
      };
      const { job } = await calls.createScoringJob({ plan, request_id: context.key });
      if (!job) throw new Error('the batch runner answered without a job');
      const done = await finishedJob(calls, job.id, context);
      return {
        job: done.id,
        rows: done.scored_rows,
        manifest_uri: done.manifest_uri,
        message: `${done.scored_rows} rows scored with version ${done.version}, ${done.failed_rows} failed`,
      };
    },
  });

const isBroken = ({ state }: ScoringJob__Output): boolean =>
  state === 'SCORING_JOB_STATE_FAILED' || state === 'SCORING_JOB_STATE_CANCELLED';

/** A job that had failed before this attempt looked goes on with what it left undone. */
async function finishedJob(calls: Client<BatchService>, id: string, context: StepContext): Promise<ScoringJob__Output> {
  const { key, attempt, clock, signal } = context;
  let isResumed = false;
  for (;;) {
    const { job } = await calls.getScoringJob({ id });
    if (!job) throw new Error('the batch runner answered without a job');
    if (job.state === 'SCORING_JOB_STATE_DONE') return job;
    if (isBroken(job)) {
      if (isResumed || attempt === 1)
        throw stepBroken('OPERATION_FAILED', `job ${id}: ${job.error_reason} ${job.error_message}`);
      isResumed = true;
      await calls.resumeScoringJob({ id, request_id: `${key}-${attempt}` });
    }
    context.say(`${job.scored_rows} of ${job.rows} rows, ${job.finished_partitions} of ${job.partitions} partitions`);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
