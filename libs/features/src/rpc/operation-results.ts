import { messageType } from '@slipway/contracts';
import { formatMicros } from '@slipway/kernel';
import type { OperationResult } from '@slipway/persistence';
import type { FeatureFiles } from '../domain/files.ts';
import type { PredictionTable } from '../domain/predictions/prediction-table.ts';
import type { ScoringSet } from '../domain/scoring/scoring-set.ts';
import type { TrainingSet } from '../domain/training-set.ts';
import type { MaterializedView } from '../domain/view-state.ts';
import { toPredictionTableMessage } from './prediction-messages.ts';
import { toScoringSetMessage } from './scoring-to-proto.ts';
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

export function toScoringSetResult(
  workspace: string,
  set: ScoringSet,
  files: Pick<FeatureFiles, 'uriOf'>,
): OperationResult {
  const message = toScoringSetMessage(workspace, set, files);
  const times = {
    create_time: formatMicros(set.createTime),
    commit_time: set.commit ? formatMicros(set.commit.time) : null,
  };
  return toResult('slipway.features.v1.ScoringSet', message, times);
}

export const toPredictionTableResult = (table: PredictionTable): OperationResult =>
  toResult('slipway.features.v1.PredictionTable', toPredictionTableMessage(table), {
    update_time: formatMicros(table.updateTime),
  });
