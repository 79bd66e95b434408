import { InvalidArgumentError } from '@slipway/kernel';
import type { Millis } from './millis.ts';

/** What a point is about besides its run. */
export interface PointSubject {
  readonly modelId: string;
  /** The dataset that it was measured on; both empty for none. */
  readonly datasetName: string;
  readonly datasetDigest: string;
}

/** One point of a metric. Two points of a run with the same key, value, timestamp and step are one. */
export interface MetricPoint {
  readonly key: string;
  /** Any double; NaN is one value, greater than all others. */
  readonly value: number;
  /** 0 or more. */
  readonly timestamp: Millis;
  /** 64 bits. */
  readonly step: bigint;
  /** The logged model that it is about; most are about none. */
  readonly about?: PointSubject;
}

/** The points of one run that belong together. */
export interface MetricAppend {
  readonly runId: string;
  readonly points: readonly MetricPoint[];
}

/** Order of doubles with -0 before 0 and NaN last: negative when `left` comes first. */
export function compareValues(left: number, right: number): number {
  if (Object.is(left, right)) return 0;
  if (Number.isNaN(left)) return 1;
  if (Number.isNaN(right)) return -1;
  if (left === right) return Object.is(left, -0) ? -1 : 1;
  return left < right ? -1 : 1;
}

type Position = Pick<MetricPoint, 'step' | 'timestamp' | 'value'>;

/** Order of the points of one metric: by step, timestamp and value. The last one is its latest, whenever it arrived. */
export function comparePoints(left: Position, right: Position): number {
  if (left.step !== right.step) return left.step < right.step ? -1 : 1;
  if (left.timestamp !== right.timestamp) return left.timestamp < right.timestamp ? -1 : 1;
  return compareValues(left.value, right.value);
}

/** @throws {InvalidArgumentError} on a negative time. */
export function assertTimestamp(timestamp: Millis, field: string): void {
  if (timestamp < 0n) throw InvalidArgumentError.of(field, 'use milliseconds since 1970, 0 or more');
}

/**
 * The ids of logged models that points are about, and the first point that is wrong about it is refused.
 * @throws {InvalidArgumentError} on a dataset without a name, a digest or a model.
 */
export function subjectsOf(points: readonly MetricPoint[], field: string): Set<string> {
  const modelIds = new Set<string>();
  points.forEach(({ about }, index) => {
    if (!about) return;
    const { modelId, datasetName, datasetDigest } = about;
    if ((datasetName === '') !== (datasetDigest === '')) {
      const missing = datasetName === '' ? 'dataset_name' : 'dataset_digest';
      const words = 'dataset_name and dataset_digest must be given both or neither';
      throw InvalidArgumentError.of(`${field}[${index}].${missing}`, words, { reason: 'ENTRY_INVALID' });
    }
    if (modelId !== '') modelIds.add(modelId);
  });
  return modelIds;
}
