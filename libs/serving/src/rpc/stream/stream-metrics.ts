import type { StreamMetrics } from '../../domain/stream/running-stream.ts';
import type { MetricSource } from '../inference-metrics.ts';

/** Seconds from the bus to the stored result. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 300];
const LABELS = ['workspace', 'stream'] as const;

export function createStreamMetrics(metrics: MetricSource): StreamMetrics {
  const counter = (name: string, help: string) => metrics.counter({ name, help, labels: LABELS });
  const scored = counter('slipway_stream_scored_total', 'Events of streams that have their result.');
  const dead = counter('slipway_stream_dead_letters_total', 'Events of streams that cannot be scored.');
  const latency = metrics.histogram({
    name: 'slipway_stream_latency_seconds',
    help: 'From the time at which the bus stored an event to the moment its effects were durable.',
    labels: LABELS,
    buckets: BUCKETS,
  });
  return {
    of: ({ workspace, name }) => {
      const labels = { workspace, stream: name };
      return { scored: scored.bind(labels), dead: dead.bind(labels), latencySeconds: latency.bind(labels) };
    },
  };
}
