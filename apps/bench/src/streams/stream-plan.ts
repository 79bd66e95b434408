/** Asked of the child that scores a stream; each measurement has a bus and a server of its own, over an empty directory. */
export type StreamPlan =
  /** Works off a backlog; answered with events per second. `bare` publishes an event for each and acknowledges it, and scores nothing. */
  | { readonly side: 'ours' | 'bare'; readonly directory: string; readonly events: number; readonly seed: number }
  /** Publishes at a steady rate while the stream is scored; answered with a `LatencyMeasure`. */
  | { readonly perSecond: number; readonly seconds: number; readonly directory: string; readonly seed: number };

/** From the time at which the bus stored an event to the time at which its result was stored, milliseconds. */
export interface LatencyMeasure {
  readonly p50: number;
  readonly p99: number;
  readonly events: number;
}

/** As streams take them. */
export const BATCH_EVENTS = 256;
export const IN_FLIGHT_MAX = 2_048;
/** Origins of flights, roughly. */
export const KEYS = 256;
