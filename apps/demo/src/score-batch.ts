import type { Partition__Output, ScoringJob__Output } from '@slipway/contracts/slipway.batch.v1';
import { CHAMPION } from './champion.ts';
import { startOf, timestamp } from './days/calendar.ts';
import { resultOf } from './feature-store.ts';
import { SCHEDULE_FEATURES, SOURCE, type Period } from './flights.ts';
import type { Stage } from './stage.ts';

export const BATCH_TABLE = 'flight-delay-batch';

const PARTITION_ROWS = 50_000;
const RESUMES_MAX = 5;

export interface BatchOutcome {
  readonly rows: number;
  readonly failedRows: number;
  readonly partitions: number;
  /** Attempts that a kill left without a result. */
  readonly lostAttempts: number;
  /** Worker processes that were killed. */
  readonly killed: number;
  readonly seconds: number;
  /** Of all outputs in the order of the rows. */
  readonly outputSha256: string;
}

/**
 * Scores all flights of a period that were not scored yet, to Parquet and to a table of stored predictions.
 * @param kill ends a worker process in the middle of it; undefined kills nobody.
 */
export async function scoreBatch(
  stage: Stage,
  period: Period,
  kill: ((pid: number) => void) | undefined,
): Promise<BatchOutcome> {
  const { alice, screen, model, attempt } = stage;
  const began = performance.now();
  const plan = {
    consumer: 'delays-to-come',
    source: SOURCE,
    model: `${model}@${CHAMPION}`,
    request_columns: Object.fromEntries(SCHEDULE_FEATURES.map((name) => [`request:${name}`, name])),
    passthrough: ['flight_id', 'scheduled_at', 'origin'],
    outputs: ['probability'],
    from: timestamp(startOf(period.from)),
    until: timestamp(startOf(period.until)),
    partition_rows: String(Math.ceil(PARTITION_ROWS / stage.slice)),
    online: { table: BATCH_TABLE, keys: ['flight_id'], fallback: 'FALLBACK_KIND_MEAN' as const },
  };
  const { operation, job } = await attempt(() =>
    alice.batch.createScoringJob({ plan, request_id: `${model}-batch-${period.from}` }),
  );
  if (!job) throw new Error('the batch runner answered without a job');
  let killed = 0;
  let killing: Promise<void> | undefined;
  const follow = resultOf(alice.batchOperations, operation, attempt, (text) => {
    screen.progress(`batch: ${text}`);
    if (kill && killed === 0)
      killing ??= workerOf(stage, job.id).then((pid) => {
        killing = undefined;
        if (pid === undefined || killed > 0) return;
        kill(pid);
        killed += 1;
        screen.result(`worker ${pid} was killed in the middle of its partition`);
      });
  });
  await follow.catch((error: unknown) => resume(stage, job.id, error));
  await killing;
  return outcomeOf(await jobOf(stage, job.id), killed, (performance.now() - began) / 1000);
}

/** What failed because others were away for too long goes on where it was. @throws the error it failed with for any other reason. */
async function resume(stage: Stage, id: string, cause: unknown): Promise<void> {
  const { alice, attempt } = stage;
  for (let left = RESUMES_MAX; (await jobOf(stage, id)).state === 'SCORING_JOB_STATE_FAILED'; left -= 1) {
    if (left === 0) throw cause;
    const { operation } = await attempt(() =>
      alice.batch.resumeScoringJob({ id, request_id: `${stage.model}-resume-${left}` }),
    );
    await resultOf(alice.batchOperations, operation, attempt, () => undefined).catch(() => undefined); // its state tells
  }
}

async function jobOf(stage: Stage, id: string): Promise<ScoringJob__Output> {
  const { job } = await stage.attempt(() => stage.alice.batch.getScoringJob({ id }));
  if (!job) throw new Error('the batch runner answered without a job');
  return job;
}

/** Process of a worker that has a partition now, when at least one partition is done. */
async function workerOf(stage: Stage, jobId: string): Promise<number | undefined> {
  const { partitions } = await stage.attempt(() =>
    stage.alice.batch.listPartitions({ job_id: jobId, page_size: 1000 }),
  );
  if (!partitions.some(({ state }) => state === 'PARTITION_STATE_DONE')) return undefined;
  const leased = partitions.find(({ state, worker }) => state === 'PARTITION_STATE_LEASED' && worker !== '');
  return leased && processOf(leased);
}

/** Workers are named after their process: `<host>/<pid>`. */
const processOf = ({ worker }: Partition__Output): number | undefined => Number(/\d+$/.exec(worker)?.[0]) || undefined;

function outcomeOf(job: ScoringJob__Output, killed: number, seconds: number): BatchOutcome {
  return {
    rows: Number(job.scored_rows),
    failedRows: Number(job.failed_rows),
    partitions: job.partitions,
    lostAttempts: job.lost_attempts,
    killed,
    seconds,
    outputSha256: job.output_sha256,
  };
}
