import { DomainError } from '@slipway/kernel';
import type { SlotKey } from '../domain/slot-key.ts';

/** Microseconds of one call by stage. */
export interface StageMicros {
  readonly queue: number;
  readonly decode: number;
  readonly inference: number;
  readonly encode: number;
}

/** What a counter of the telemetry looks like from here. */
interface Counter<Label extends string> {
  increase(labels: Readonly<Record<Label, string>>, by?: number): void;
  bind(labels: Readonly<Record<Label, string>>): (by?: number) => void;
}
export interface CounterSource {
  counter<Label extends string>(definition: {
    readonly name: string;
    readonly help: string;
    readonly labels?: readonly Label[];
  }): Counter<Label>;
}

export interface InferenceMetrics {
  succeeded(key: SlotKey, version: bigint, stages: StageMicros): void;
  /** @param key undefined when the model is not known: names that callers make up must not become labels. */
  failed(key: SlotKey | undefined, error: unknown, aborted: boolean): void;
}

const LABELS = ['model', 'version', 'workspace'] as const;

/** Counters with the names that dashboards for Triton read; durations are totals in microseconds. */
export function createInferenceMetrics(source: CounterSource): InferenceMetrics {
  const counter = (name: string, help: string) => source.counter({ name, help, labels: LABELS });
  const success = counter('nv_inference_request_success', 'Inference calls that were answered.');
  const request = counter('nv_inference_request_duration_us', 'Time of answered calls, all stages together.');
  const queue = counter('nv_inference_queue_duration_us', 'Time that answered calls waited for their turn.');
  const input = counter('nv_inference_compute_input_duration_us', 'Time spent on decoding inputs.');
  const infer = counter('nv_inference_compute_infer_duration_us', 'Time spent in the model.');
  const output = counter('nv_inference_compute_output_duration_us', 'Time spent on encoding outputs.');
  const failure = source.counter({
    name: 'nv_inference_request_failure',
    help: 'Inference calls that failed, by cause.',
    labels: ['model', 'reason', 'workspace'],
  });
  const bindAll = ({ model, workspace }: SlotKey, version: bigint) => {
    const labels = { model, version: `${version}`, workspace };
    const [answered, all, waited] = [success.bind(labels), request.bind(labels), queue.bind(labels)];
    const [decoded, inferred, encoded] = [input.bind(labels), infer.bind(labels), output.bind(labels)];
    return (stages: StageMicros): void => {
      answered();
      all(stages.queue + stages.decode + stages.inference + stages.encode);
      waited(stages.queue);
      decoded(stages.decode);
      inferred(stages.inference);
      encoded(stages.encode);
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
