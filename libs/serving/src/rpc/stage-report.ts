import { trace } from '@opentelemetry/api';
import type { CallContext } from '@slipway/platform';
import { STAGES, type StageMicros } from '../domain/stages.ts';

/**
 * Trailer (and header, over REST) with the milliseconds of each stage, in the form of `Server-Timing`, always all of them in this order:
 * `queue;dur=0.003, feature-fetch;dur=0.14, pre-process;dur=0.012, batch-wait;dur=0, inference;dur=0.21, post-process;dur=0.001,
 * encode;dur=0.009, total;dur=0.375`. They count from when the request was read and its caller known until the answer was encoded, and add up
 * to the total; `batch-wait` is 0 because every call is a batch of its own.
 */
export const LATENCY_TRAILER = 'slipway-latency-ms';

const PARTS = [...STAGES, 'total'] as const;
const NAMES = PARTS.map((stage) => stage.replace('_', '-'));

export function describeStages(stages: StageMicros): string {
  let text = '';
  for (const [at, stage] of PARTS.entries()) {
    text += `${at === 0 ? '' : ', '}${NAMES[at]};dur=${stages[stage] / 1000}`;
  }
  return text;
}

/** Tells the caller and the span of the call, if there is one. */
export function reportStages(context: Pick<CallContext, 'setTrailer'>, stages: StageMicros): void {
  context.setTrailer(LATENCY_TRAILER, describeStages(stages));
  traceStages(stages);
}

export function traceStages(stages: StageMicros): void {
  const span = trace.getActiveSpan();
  if (!span?.isRecording()) return;
  for (const stage of PARTS) span.setAttribute(`slipway.stage.${stage}_us`, stages[stage]);
}
