import type {
  Artifact,
  DatasetInput as DatasetInputMessage,
  Experiment as ExperimentMessage,
  Metric,
  Run as RunMessage,
} from '@slipway/contracts/slipway.tracking.v1';
import type { DatasetInput } from '../domain/dataset.ts';
import type { Experiment } from '../domain/experiment.ts';
import type { MetricPoint } from '../domain/metric.ts';
import type { ArtifactFile } from '../domain/artifact-files.ts';
import type { RunView } from '../domain/run.ts';

const lifecycleStage = (deleted: boolean) => (deleted ? 'LIFECYCLE_STAGE_DELETED' : 'LIFECYCLE_STAGE_ACTIVE');

export const toExperimentMessage = (experiment: Experiment): ExperimentMessage => ({
  experiment_id: experiment.id.toString(),
  name: experiment.name,
  lifecycle_stage: lifecycleStage(experiment.deleted),
  tags: { ...experiment.tags },
  creation_time: experiment.creationTime.toString(),
  last_update_time: experiment.lastUpdateTime.toString(),
  principal: experiment.principal,
  artifact_location: experiment.artifactLocation,
});

/** As a number where that is exact; decimal text would be parsed digit by digit to be encoded. */
function integerOf(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

export const toMetricMessage = ({ key, value, timestamp, step }: MetricPoint): Metric => ({
  key,
  value,
  timestamp: integerOf(timestamp),
  step: integerOf(step),
});

const toInputMessage = ({ dataset, tags }: DatasetInput): DatasetInputMessage => ({
  dataset: {
    name: dataset.name,
    digest: dataset.digest,
    source_type: dataset.sourceType,
    source: dataset.source,
    schema: dataset.schema,
    profile: dataset.profile,
  },
  tags: { ...tags },
});

export const toRunMessage = ({ run, ...logged }: RunView): RunMessage => ({
  run_id: run.runId,
  run_name: run.name,
  experiment_id: run.experimentId.toString(),
  status: `RUN_STATUS_${run.status}`,
  start_time: run.startTime.toString(),
  end_time: (run.endTime ?? 0n).toString(),
  lifecycle_stage: lifecycleStage(run.deleted),
  artifact_uri: run.artifactUri,
  principal: run.principal,
  user_id: run.userId,
  params: { ...logged.params },
  tags: { ...logged.tags },
  metrics: logged.metrics.map(toMetricMessage),
  datasets: logged.datasets.map(toInputMessage),
  model_inputs: logged.modelInputs.map(({ modelId }) => ({ model_id: modelId })),
  model_outputs: logged.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step: integerOf(step) })),
});

export const toArtifactMessage = ({ path, isDirectory, bytes, sha256 }: ArtifactFile): Artifact => ({
  path,
  is_directory: isDirectory,
  bytes: bytes.toString(),
  sha256,
});
