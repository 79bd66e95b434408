import { INT64_MAX } from '@slipway/kernel';
import type { StepRange } from './histories.ts';

/** Points at one chosen step of one run can be many; more of one series than a client of MLflow reads at once are left out. */
export const SERIES_POINTS_MAX = 25_000;

/** Where `steps` looks when nobody says it: MLflow counts from 0. */
export const DEFAULT_STEP_RANGE: StepRange = { first: 0n, last: INT64_MAX };

/**
 * Places in a sorted list that are taken evenly, as MLflow takes them: the first one, about every n-th after it, and the last one besides.
 * @param count of the list. @returns ascending, at most `max` + 1.
 */
export function evenPlaces(count: number, max: number): readonly number[] {
  if (count <= max) return Array.from({ length: count }, (_, place) => place);
  const interval = count / max;
  const places = Array.from({ length: max }, (_, at) => Math.trunc(at * interval)).filter((place) => place < count - 1);
  return [...new Set(places), count - 1];
}

/** A bucket holds up to four points: its first, its last, the least and the greatest. */
export const BUCKET_POINTS = 4;

/** Buckets of equal width, the last one perhaps narrower, that together hold at most `pointsMax` points (but one bucket there always is). */
export function stepBuckets({ first, last }: StepRange, pointsMax: number): readonly StepRange[] {
  const most = BigInt(Math.max(1, Math.floor(pointsMax / BUCKET_POINTS)));
  const span = last - first + 1n;
  const width = (span + most - 1n) / most;
  const buckets: StepRange[] = [];
  for (let from = first; from <= last; from += width) {
    buckets.push({ first: from, last: from + width - 1n < last ? from + width - 1n : last });
  }
  return buckets;
}
