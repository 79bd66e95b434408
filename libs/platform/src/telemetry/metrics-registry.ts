import * as prometheus from 'prom-client';
import type { Labels, MetricDefinition } from './metric-definition.ts';
import { PendingCounts } from './pending-counts.ts';
import { SeriesHistogram } from './series-histogram.ts';

export interface Counter<Label extends string = never> {
  /** @param by 0 or more. */
  increase(labels: Labels<Label>, by?: number): void;
  /** `increase` of one series, looked up once: for what every call does. */
  bind(labels: Labels<Label>): (by?: number) => void;
}
export interface Gauge<Label extends string = never> {
  set(labels: Labels<Label>, value: number): void;
}
export interface Histogram<Label extends string = never> {
  observe(labels: Labels<Label>, value: number): void;
  /** `observe` of one series, looked up once: for what every call does. */
  bind(labels: Labels<Label>): (value: number) => void;
}

/** Metrics of one process. Asking for a name again gives the same metric, so that modules can share it. */
export interface MetricsRegistry {
  counter<Label extends string = never>(definition: MetricDefinition<Label>): Counter<Label>;
  /** With `read`, the value is taken when somebody scrapes; then it has no labels. */
  gauge<Label extends string = never>(
    definition: MetricDefinition<Label> & { readonly read?: () => number | Promise<number> },
  ): Gauge<Label>;
  /** @param definition with `buckets`, ascending upper bounds in the unit of the name. */
  histogram<Label extends string = never>(
    definition: MetricDefinition<Label> & { readonly buckets: readonly number[] },
  ): Histogram<Label>;
  /** Prometheus text exposition format. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>;
}

interface Known {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: string;
  readonly metric: unknown;
}

/** @param processMetrics whether the registry also tells of the process: CPU, memory, garbage collection, event-loop lag. */
export function createMetricsRegistry(processMetrics = true): MetricsRegistry {
  const register = new prometheus.Registry();
  // among them nodejs_eventloop_lag_{p50,p99,max}_seconds, measured by perf_hooks.monitorEventLoopDelay
  if (processMetrics) prometheus.collectDefaultMetrics({ register });
  const known = new Map<string, Known>();
  const once = <Metric>(kind: Known['kind'], definition: MetricDefinition<string>, make: () => Metric): Metric => {
    const labels = (definition.labels ?? []).join(',');
    const existing = known.get(definition.name);
    if (existing && (existing.kind !== kind || existing.labels !== labels)) {
      throw new Error(`metric '${definition.name}' exists as a ${existing.kind} with labels '${existing.labels}'`);
    }
    if (existing) return existing.metric as Metric;
    const metric = make();
    known.set(definition.name, { kind, labels, metric });
    return metric;
  };
  const base = ({ name, help, labels }: MetricDefinition<string>) => ({
    name,
    help,
    labelNames: [...(labels ?? [])],
    registers: [register],
  });
  return {
    counter: (definition) =>
      once('counter', definition, () => {
        const pending = new PendingCounts<string>(definition.labels ?? [], (labels, by) => counter.inc(labels, by));
        const counter: prometheus.Counter = new prometheus.Counter({
          ...base(definition),
          collect: () => pending.flush(),
        });
        return {
          increase: (labels, by) => pending.bind(labels)(by),
          bind: (labels) => pending.bind(labels),
        };
      }),
    gauge: (definition) =>
      once('gauge', definition, () => {
        const { read } = definition;
        const gauge: prometheus.Gauge = new prometheus.Gauge({
          ...base(definition),
          ...(read ? { collect: async () => gauge.set(await read()) } : {}),
        });
        return { set: (labels, value) => gauge.set(labels, value) };
      }),
    histogram: (definition) =>
      once('histogram', definition, () => {
        const histogram = new SeriesHistogram(definition);
        // the registry reads a metric by its name and `get` alone
        register.registerMetric(histogram as unknown as prometheus.Metric);
        return {
          observe: (labels, value) => histogram.bind(labels)(value),
          bind: (labels) => histogram.bind(labels),
        };
      }),
    expose: async () => ({ contentType: register.contentType, body: await register.metrics() }),
  };
}
