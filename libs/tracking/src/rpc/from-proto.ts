import { InvalidArgumentError } from '@slipway/kernel';
import type {
  DatasetInput__Output,
  LogMetricsRequest__Output,
  Metric__Output,
  RunStatus__Output,
  ViewType__Output,
} from '@slipway/contracts/slipway.tracking.v1';
import type { CallContext } from '@slipway/platform';
import type { DatasetInput } from '../domain/dataset.ts';
import { DEFAULT_EXPERIMENT_ID, readExperimentId } from '../domain/experiment.ts';
import type { MetricPoint } from '../domain/metric.ts';
import type { PageRequest, View } from '../domain/paging.ts';
import type { RunStatus } from '../domain/run-status.ts';
import type { Call } from '../domain/unit-of-work.ts';
import type { MetricMessage } from '../domain/use-cases/log-metrics.ts';

export const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
export const pageOf = (request: { page_size: number; page_token: string }, sizeDefault: number): PageRequest => ({
  pageSize: request.page_size === 0 ? sizeDefault : request.page_size,
  pageToken: request.page_token,
});

export const nextPageToken = ({ nextPageToken }: { nextPageToken?: string }) => ({
  next_page_token: nextPageToken ?? '',
});

const VIEWS: Readonly<Record<ViewType__Output, View>> = {
  VIEW_TYPE_UNSPECIFIED: 'active',
  VIEW_TYPE_ACTIVE_ONLY: 'active',
  VIEW_TYPE_DELETED_ONLY: 'deleted',
  VIEW_TYPE_ALL: 'all',
};
export const viewOf = (view: ViewType__Output): View => VIEWS[view];

const STATUSES: Readonly<Record<RunStatus__Output, RunStatus | undefined>> = {
  RUN_STATUS_UNSPECIFIED: undefined,
  RUN_STATUS_RUNNING: 'RUNNING',
  RUN_STATUS_SCHEDULED: 'SCHEDULED',
  RUN_STATUS_FINISHED: 'FINISHED',
  RUN_STATUS_FAILED: 'FAILED',
  RUN_STATUS_KILLED: 'KILLED',
};
export const statusOf = (status: RunStatus__Output): RunStatus | undefined => STATUSES[status];

/** @throws {InvalidArgumentError} when neither or both are given. */
export function experimentSelectorOf(request: { experiment_id: string; name: string }) {
  if ((request.experiment_id === '') === (request.name === '')) {
    throw InvalidArgumentError.of('experiment_id', 'name an experiment by its id or by its name');
  }
  return request.name === '' ? { id: readExperimentId(request.experiment_id) } : { name: request.name };
}

/** Runs without an experiment belong to the first one. */
export const experimentIdOf = (text: string): bigint => (text === '' ? DEFAULT_EXPERIMENT_ID : readExperimentId(text));

export function pointOf(metric: Metric__Output): MetricPoint {
  const { key, value, timestamp, step, model_id: modelId } = metric;
  const point = { key, value, timestamp: BigInt(timestamp), step: BigInt(step) };
  const { dataset_name: datasetName, dataset_digest: datasetDigest } = metric;
  if (modelId === '' && datasetName === '' && datasetDigest === '') return point;
  return { ...point, about: { modelId, datasetName, datasetDigest } };
}

export async function* metricMessages(
  requests: AsyncIterable<LogMetricsRequest__Output>,
): AsyncGenerator<MetricMessage, void, undefined> {
  for await (const request of requests) yield { runId: request.run_id, points: request.metrics.map(pointOf) };
}

/** @throws {InvalidArgumentError} on an input without a dataset. */
export function inputOf({ dataset, tags }: DatasetInput__Output, index: number): DatasetInput {
  if (!dataset) throw InvalidArgumentError.of(`datasets[${index}].dataset`, 'must be given');
  const { name, digest, source_type: sourceType, source, schema, profile } = dataset;
  return { dataset: { name, digest, sourceType, source, schema, profile }, tags };
}
