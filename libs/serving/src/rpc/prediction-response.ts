import { predictionService, type PredictionService } from '@slipway/contracts/slipway.serving.v1';
import type { FeatureUse, PredictionOutput, PredictResponse } from '@slipway/contracts/slipway.serving.v1';
import type { ServiceDescriptor } from '@slipway/contracts';
import { UnsupportedError } from '@slipway/kernel';
import type { Tensor } from '@slipway/plugin-kit';
import type { FeatureColumn } from '../domain/feature-source.ts';
import type { Prediction } from '../domain/predictor.ts';
import type { StageMicros } from '../domain/stages.ts';
import { tensorColumn, toColumn } from './columns.ts';
import { sendingEarlyBytes, withBytes } from './early-encoding.ts';

/** The contract as our server serves it. */
export const servedPredictionService: ServiceDescriptor<PredictionService> = {
  ...predictionService,
  methods: { ...predictionService.methods, predict: sendingEarlyBytes(predictionService.methods.predict) },
};

const { responseSerialize } = predictionService.methods.predict.wire;

/** @throws {UnsupportedError} when an output cannot be told in columns. */
export function toPredictionParts(
  { outputs, features }: Prediction,
  includeFeatures: boolean,
): Required<Pick<PredictResponse, 'outputs' | 'features'>> {
  return {
    outputs: outputs.map(toPredictionOutput),
    features: features.map((feature) => toFeatureUse(feature, includeFeatures)),
  };
}

function toPredictionOutput(tensor: Tensor): PredictionOutput {
  const values = tensorColumn(tensor);
  if (!values) {
    throw new UnsupportedError(`output '${tensor.name}' holds a UINT64 beyond int64; ask ModelInfer for it`, {
      reason: 'OUTPUT_OUT_OF_RANGE',
    });
  }
  return { name: tensor.name, datatype: tensor.datatype, shape: [...tensor.shape], values };
}

/** Values as the model was given them: what is too old to count was not. */
function toFeatureUse({ name, data, statuses }: FeatureColumn, isIncluded: boolean): FeatureUse {
  const values = isIncluded ? { values: toColumn(data, (row) => statuses[row] === 'PRESENT') } : {};
  return { feature: name, statuses: [...statuses], ...values };
}

/** First part of the answer's bytes: all of it but the latencies, which are only known once this is done. */
export const encodeParts = (parts: PredictResponse): Buffer => responseSerialize(parts);

/**
 * The whole answer with its bytes. Messages can be written one behind the other, so the latencies are told without encoding the rest again;
 * their own 70 bytes are in no stage.
 */
export function completeResponse(parts: PredictResponse, encoded: Buffer, latencies: StageMicros): PredictResponse {
  const bytes = Buffer.concat([encoded, responseSerialize({ latencies })]);
  return withBytes({ ...parts, latencies: { ...latencies } }, bytes);
}
