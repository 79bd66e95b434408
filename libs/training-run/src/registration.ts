import { createHash } from 'node:crypto';
import type { Client } from '@slipway/clients';
import type {
  CreateModelVersionRequest,
  ModelVersion__Output,
  RegistryService,
} from '@slipway/contracts/slipway.registry.v1';
import type { TrainedModel } from '@slipway/plugin-kit';
import { PROFILE_FILE } from '@slipway/reference-profile';
import { chunksOf } from './chunks.ts';

export type RegistryClient = Client<RegistryService>;

export interface VersionDescription {
  readonly model: string;
  readonly description: string;
  /** `view:feature` or `request:feature` for each input of the model, in their order. */
  readonly references: readonly string[];
  readonly trainingSetId: string;
  readonly runId: string;
  readonly trained: TrainedModel;
  /** Text of `profile.json`; absent for a version without one. */
  readonly profile?: string | undefined;
  /** What outputs mean, by name. */
  readonly outputMeanings: Readonly<Record<string, string>>;
  /** Makes a repeat return the first answer. */
  readonly requestId: string;
}

/** Uploads a trained model as the next version. */
export async function registerVersion(
  registry: RegistryClient,
  description: VersionDescription,
): Promise<ModelVersion__Output> {
  const { version } = await registry.createModelVersion(uploadOf(description));
  if (!version) throw new Error('the registry answered without a version');
  return version;
}

async function* uploadOf(description: VersionDescription): AsyncIterable<CreateModelVersionRequest> {
  const files = [{ path: 'model.onnx', content: description.trained.model }];
  if (description.profile !== undefined) files.push({ path: PROFILE_FILE, content: Buffer.from(description.profile) });
  yield {
    header: {
      model: description.model,
      description: description.description,
      files: files.map(({ path, content }) => ({
        path,
        bytes: String(content.byteLength),
        sha256: createHash('sha256').update(content).digest('hex'),
      })),
      graph: 'model.onnx',
      features: [...description.references],
      training_set_id: description.trainingSetId,
      run_id: description.runId,
      tags: { ...description.trained.parameters },
      postprocessing_json: JSON.stringify(description.outputMeanings),
      request_id: description.requestId,
    },
  };
  for (const { content } of files) {
    yield* chunksOf(content);
    yield { file_end: true };
  }
}

/** Stores how a version did, for the gates to look at. */
export async function recordQuality(
  registry: RegistryClient,
  { requestId, ...version }: { model: string; version: string; requestId: string },
  dataset: { name: string; id: string; rows: number },
  metrics: Readonly<Record<string, number>>,
): Promise<void> {
  await registry.recordEvaluation({
    ...version,
    dataset: dataset.name,
    dataset_sha256: dataset.id,
    rows: String(dataset.rows),
    metrics: { ...metrics },
    request_id: requestId,
  });
}
