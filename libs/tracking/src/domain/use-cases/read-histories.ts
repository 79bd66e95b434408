import { InvalidArgumentError } from '@slipway/kernel';
import type { TrackingDependencies } from '../dependencies.ts';
import { sampleTooLarge } from '../errors.ts';
import type { RunPoint, SampledSeries, SampleMethod, StepRange } from '../histories.ts';
import { findRun } from '../lookup.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call, TrackingReads } from '../unit-of-work.ts';

/** Points of one answer; it stays far below what a message may have. */
const ANSWER_POINTS_MAX = 250_000;

async function assertRuns(reads: TrackingReads, runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) await findRun(reads, runId);
}

export interface GetMetricHistories extends PageRequest {
  readonly runIds: readonly string[];
  readonly key: string;
}

/** A run that is named twice is read once. @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {InvalidArgumentError} on a token of another list. */
export const getMetricHistories = (
  { caller }: Call,
  { runIds, key, ...page }: GetMetricHistories,
  { unitOfWork }: TrackingDependencies,
): Promise<Page<RunPoint>> =>
  unitOfWork.read(caller, async (reads) => {
    const ids = [...new Set(runIds)];
    await assertRuns(reads, ids);
    return reads.metrics.histories(ids, key, page);
  });

export interface SampleMetricHistories {
  readonly runIds: readonly string[];
  readonly keys: readonly string[];
  readonly method: SampleMethod;
  readonly range: StepRange | undefined;
  readonly pointsMax: number;
}

/**
 * By run and key as asked for; series without a point are left out.
 * @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {InvalidArgumentError} on a range that ends before it begins.
 * @throws {ExhaustedError} reason SAMPLE_TOO_LARGE when the answer would have more than 250 000 points.
 */
export async function sampleMetricHistories(
  { caller }: Call,
  { runIds, keys, ...query }: SampleMetricHistories,
  { unitOfWork }: TrackingDependencies,
): Promise<readonly SampledSeries[]> {
  const { range } = query;
  if (range && range.first > range.last) {
    throw InvalidArgumentError.of(
      'end_step',
      `end_step must be greater than start_step. Found start_step=${range.first} and end_step=${range.last}.`,
    );
  }
  const [runs, metrics] = [[...new Set(runIds)], [...new Set(keys)]];
  const found: SampledSeries[] = [];
  await unitOfWork.read(caller, async (reads) => {
    await assertRuns(reads, runs);
    let points = 0;
    for (const key of metrics) {
      const sampled = await reads.metrics.sample(key, { ...query, runIds: runs });
      points += sampled.reduce((sum, series) => sum + series.points.length, 0);
      if (points > ANSWER_POINTS_MAX) throw sampleTooLarge(ANSWER_POINTS_MAX);
      found.push(...sampled);
    }
  });
  const place = new Map(runs.map((runId, at) => [runId, at]));
  return found.sort((left, right) => (place.get(left.runId) ?? 0) - (place.get(right.runId) ?? 0));
}
