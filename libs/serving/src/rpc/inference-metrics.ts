import { DomainError } from '@slipway/kernel';
import type { SlotKey } from '../domain/slot-key.ts';
import { STAGES, type StageMicros } from '../domain/stages.ts';

/** What a counter of the telemetry looks like from here. */
interface Counter<Label extends string> {
  increase(labels: Readonly<Record<Label, string>>, by?: number): void;
  bind(labels: Readonly<Record<Label, string>>): (by?: number) => void;
}
interface Histogram<Label extends string> {
  bind(labels: Readonly<Record<Label, string>>): (value: number) => void;
}
interface Definition<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}
export interface MetricSource {
  counter<Label extends string>(definition: Definition<Label>): Counter<Label>;
  histogram<Label extends string>(
    definition: Definition<Label> & { readonly buckets: readonly number[] },
  ): Histogram<Label>;
}

export interface InferenceMetrics {
  /** @param stages that the call has; those it cannot have are not observed as zeros. */
  succeeded(key: SlotKey, version: bigint, stages: StageMicros): void;
  /** @param key undefined when the model is not known: names that callers make up must not become labels. */
  failed(key: SlotKey | undefined, error: unknown, aborted: boolean): void;
}

const LABELS = ['model', 'version', 'workspace'] as const;

/** From 10 us, what a stage without work takes, to 10 s, the usual deadline. */
const STAGE_SECONDS = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
  1, 2.5, 5, 10,
];

/** Stages that not every call has; one of 0 is not observed. */
const OPTIONAL: ReadonlySet<string> = new Set(['feature_fetch', 'batch_wait']);

/** Counters with the names that dashboards for Triton read, durations as totals in microseconds; and a histogram of each stage. */
export function createInferenceMetrics(source: MetricSource): InferenceMetrics {
  const counter = (name: string, help: string) => source.counter({ name, help, labels: LABELS });
  const success = counter('nv_inference_request_success', 'Inference calls that were answered.');
  const request = counter('nv_inference_request_duration_us', 'Time of answered calls, all stages together.');
  const queue = counter('nv_inference_queue_duration_us', 'Time that answered calls waited for their turn.');
  const input = counter(
    'nv_inference_compute_input_duration_us',
    'Time spent on fetching features and decoding inputs.',
  );
  const infer = counter('nv_inference_compute_infer_duration_us', 'Time spent in the model.');
  const output = counter('nv_inference_compute_output_duration_us', 'Time spent on encoding outputs.');
  const failure = source.counter({
    name: 'nv_inference_request_failure',
    help: 'Inference calls that failed, by cause.',
    labels: ['model', 'reason', 'workspace'],
  });
  const stageSeconds = source.histogram({
    name: 'slipway_inference_stage_seconds',
    help: 'Time of answered calls by stage, as the latency trailer tells it.',
    labels: [...LABELS, 'stage'],
    buckets: STAGE_SECONDS,
  });
  const bindAll = ({ model, workspace }: SlotKey, version: bigint) => {
    const labels = { model, version: `${version}`, workspace };
    const [answered, all, waited] = [success.bind(labels), request.bind(labels), queue.bind(labels)];
    const [decoded, inferred, encoded] = [input.bind(labels), infer.bind(labels), output.bind(labels)];
    const observers = STAGES.map((stage) => ({ stage, observe: stageSeconds.bind({ ...labels, stage }) }));
    return (stages: StageMicros): void => {
      answered();
      all(stages.total);
      waited(stages.queue + stages.batch_wait);
      decoded(stages.feature_fetch + stages.pre_process);
      inferred(stages.inference);
      encoded(stages.post_process + stages.encode);
      for (const { stage, observe } of observers) {
        if (stages[stage] > 0 || !OPTIONAL.has(stage)) observe(stages[stage] / 1e6);
      }
    };
  };
  const series = new Map<string, (stages: StageMicros) => void>(); // one for each version that answered, like the metrics themselves
  return {
    succeeded: (key, version, stages) => {
      const id = `${key.workspace}/${key.model}/${version}`; // a slash is in none of them
      let count = series.get(id);
      if (!count) series.set(id, (count = bindAll(key, version)));
      count(stages);
    },
    failed: (key, error, aborted) => {
      const reason = aborted ? 'CANCELED' : failureReason(error);
      failure.increase({ model: key?.model ?? '', reason, workspace: key?.workspace ?? '' });
    },
  };
}

/** The reasons that Triton knows. */
function failureReason(error: unknown): 'REJECTED' | 'OTHER' | 'BACKEND' {
  if (!(error instanceof DomainError)) return 'BACKEND';
  return error.kind === 'unavailable' || error.kind === 'exhausted' ? 'REJECTED' : 'OTHER';
}
