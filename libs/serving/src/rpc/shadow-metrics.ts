import type { ShadowMetrics } from '../domain/shadow-scorer.ts';
import type { MetricSource } from './inference-metrics.ts';

/** Rows that shadows scored, failed to score and never came to. */
export function createShadowMetrics(source: Pick<MetricSource, 'counter'>): ShadowMetrics {
  const scored = source.counter({
    name: 'slipway_shadow_rows_total',
    help: 'Rows that deployments scored without answering.',
    labels: ['model', 'alias', 'workspace'],
  });
  const failed = source.counter({
    name: 'slipway_shadow_failed_rows_total',
    help: 'Rows that a shadow could not score, by cause.',
    labels: ['model', 'alias', 'workspace', 'reason'],
  });
  const dropped = source
    .counter({
      name: 'slipway_shadow_dropped_rows_total',
      help: 'Rows that were not handed to a shadow: too many waited, or the server ended.',
    })
    .bind({});
  // the labels are bounded: they come from assignments that the router signed
  return {
    scored: ({ model, alias, workspace }, rows) => scored.increase({ model, alias, workspace }, rows),
    failed: ({ model, alias, workspace }, reason, rows) => failed.increase({ model, alias, workspace, reason }, rows),
    dropped: (rows) => dropped(rows),
  };
}
