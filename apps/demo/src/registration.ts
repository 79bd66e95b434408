import { createHash } from 'node:crypto';
import type { Client } from '@slipway/clients';
import type {
  CreateModelVersionRequest,
  ModelVersion__Output,
  RegistryService,
} from '@slipway/contracts/slipway.registry.v1';
import type { TrainedModel } from '@slipway/plugin-kit';
import { featureReferences } from './flights.ts';
import type { Quality } from './train.ts';

const CHUNK_BYTES = 256 * 1024;

export interface VersionDescription {
  readonly model: string;
  readonly description: string;
  /** Columns in the order of the model's inputs. */
  readonly features: readonly string[];
  readonly trainingSetId: string;
  readonly runId: string;
  readonly trained: TrainedModel;
  /** Makes a repeat return the first answer. */
  readonly requestId: string;
}

/** Uploads a trained model as the next version. */
export async function registerVersion(
  registry: Client<RegistryService>,
  description: VersionDescription,
): Promise<ModelVersion__Output> {
  const { version } = await registry.createModelVersion(uploadOf(description));
  if (!version) throw new Error('the registry answered without a version');
  return version;
}

async function* uploadOf(description: VersionDescription): AsyncIterable<CreateModelVersionRequest> {
  const { model } = description.trained;
  yield {
    header: {
      model: description.model,
      description: description.description,
      files: [
        {
          path: 'model.onnx',
          bytes: String(model.byteLength),
          sha256: createHash('sha256').update(model).digest('hex'),
        },
      ],
      graph: 'model.onnx',
      features: featureReferences(description.features),
      training_set_id: description.trainingSetId,
      run_id: description.runId,
      tags: { ...description.trained.parameters },
      postprocessing_json: JSON.stringify({ probability: 'chance that the flight leaves more than 15 minutes late' }),
      request_id: description.requestId,
    },
  };
  for (let from = 0; from < model.byteLength; from += CHUNK_BYTES)
    yield { chunk: Buffer.from(model.subarray(from, from + CHUNK_BYTES)) };
  yield { file_end: true };
}

/** Stores how a version did, for the gates to look at. */
export async function recordQuality(
  registry: Client<RegistryService>,
  { requestId, ...version }: { model: string; version: string; requestId: string },
  dataset: { name: string; id: string; rows: number },
  quality: Quality,
): Promise<void> {
  await registry.recordEvaluation({
    ...version,
    dataset: dataset.name,
    dataset_sha256: dataset.id,
    rows: String(dataset.rows),
    metrics: { auc: quality.auc, log_loss: quality.logLoss },
    request_id: requestId,
  });
}
