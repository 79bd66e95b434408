import { FailedPreconditionError } from '@slipway/kernel';

/** How an event that was delivered once may be delivered again. */
export interface StreamDelivery {
  /** After a scorer died, its events are delivered again when this has passed. */
  readonly ackWaitMs: number;
  readonly deliveriesMax: number;
  /** Waiting times between failed deliveries; the last one repeats. */
  readonly backoffMs: readonly number[];
  /** Longest time that scorers, their models or the feature store may be away before an event is delivered again. */
  readonly outageMs: number;
}

/** How long after its result was first stored an event may have it stored again, at most. */
export function redeliverySpanMs({ ackWaitMs, deliveriesMax, backoffMs, outageMs }: StreamDelivery): number {
  const backoffs = Array.from(
    { length: deliveriesMax - 1 },
    (_, at) => backoffMs[Math.min(at, backoffMs.length - 1)] ?? 0,
  );
  // a delivery publishes for at most one ack wait, and when its process dies another one passes before the next
  return 2 * ackWaitMs * deliveriesMax + backoffs.reduce((sum, ms) => sum + ms, 0) + outageMs;
}

/**
 * A result is stored once because the bus drops an id that it knows. So it has to know it for longer than events may come again.
 * @throws {FailedPreconditionError} STREAM_WINDOW_UNSAFE, with the numbers.
 */
export function assertWindowSafe(deduplicationWindowMs: number, delivery: StreamDelivery): void {
  const neededMs = redeliverySpanMs(delivery);
  if (deduplicationWindowMs > neededMs) return;
  const { ackWaitMs, deliveriesMax, outageMs } = delivery;
  throw new FailedPreconditionError(
    `the event bus drops repeated ids for ${deduplicationWindowMs} ms, and an event of a stream may have its result published again up to ` +
      `${neededMs} ms after the first time (${deliveriesMax} deliveries, ack wait ${ackWaitMs} ms, outage ${outageMs} ms): ` +
      'results could be there twice; raise the deduplication window of the bus, or lower serving.stream-outage-seconds',
    {
      reason: 'STREAM_WINDOW_UNSAFE',
      facts: { deduplicationWindowMs: `${deduplicationWindowMs}`, neededMs: `${neededMs}`, ackWaitMs: `${ackWaitMs}`, deliveriesMax: `${deliveriesMax}`, outageMs: `${outageMs}` }, // prettier-ignore
    },
  );
}
