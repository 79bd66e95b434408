import { messageType } from '@slipway/contracts';
import { formatMicros } from '@slipway/kernel';
import type { OperationResult } from '@slipway/persistence';
import type { FeatureFiles } from '../domain/files.ts';
import type { TrainingSet } from '../domain/training-set.ts';
import type { MaterializedView } from '../domain/view-state.ts';
import { toTrainingSetMessage } from './to-proto.ts';

/** proto3 JSON with the field names of the contract, as events have it: int64 as text, all fields there. */
function toResult(type: string, message: object, overrides: object = {}): OperationResult {
  const shape = messageType(type);
  const options = { longs: String, enums: String, bytes: String, json: true, defaults: true } as const;
  return { type, json: JSON.stringify({ ...shape.toObject(shape.fromObject(message), options), ...overrides }) };
}

export function toTrainingSetResult(
  workspace: string,
  set: TrainingSet,
  files: Pick<FeatureFiles, 'uriOf'>,
): OperationResult {
  const message = toTrainingSetMessage(workspace, set, files);
  return toResult('slipway.features.v1.TrainingSet', message, { create_time: formatMicros(set.createTime) });
}

export const toMaterializationResult = (views: readonly MaterializedView[]): OperationResult =>
  toResult('slipway.features.v1.Materialization', {
    views: views.map(({ view, arrival, keys, stored }) => ({
      view,
      arrival: arrival.toString(),
      keys: keys.toString(),
      stored: stored.toString(),
    })),
  });
