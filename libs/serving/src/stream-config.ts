import type { StreamDelivery } from './domain/stream/delivery-window.ts';

/** Everything about streams that a deployment may choose. */
export interface StreamConfig {
  readonly delivery: StreamDelivery;
  /** How long a stream of a server that died waits for another one. */
  readonly leaseMs: number;
  /** Between two looks at the definitions. */
  readonly refreshMs: number;
}

interface StreamSettings {
  (key: 'serving.stream-ack-wait-ms' | 'serving.stream-outage-seconds' | 'serving.stream-lease-seconds'): number;
}

/** An event that ends the process each time is given up after as many processes. */
const DELIVERIES_MAX = 10;
const BACKOFF_MS = [50, 500, 5_000, 30_000] as const;
const REFRESH_MS_MAX = 2_000;

export function readStreamConfig(get: StreamSettings): StreamConfig {
  const leaseMs = get('serving.stream-lease-seconds') * 1_000;
  return {
    delivery: {
      ackWaitMs: get('serving.stream-ack-wait-ms'),
      deliveriesMax: DELIVERIES_MAX,
      backoffMs: BACKOFF_MS,
      outageMs: get('serving.stream-outage-seconds') * 1_000,
    },
    leaseMs,
    refreshMs: Math.min(REFRESH_MS_MAX, leaseMs / 3), // so that a look may fail and the lease still holds
  };
}
