import type { DatabaseTarget } from '@slipway/persistence';

export type CommitPlan =
  /** Comes first; `directory` is for the bus. */
  | { readonly target: DatabaseTarget; readonly directory: string; readonly seed: number }
  /** Answered with commits per second. */
  | { readonly through: 'unit of work' | 'bare'; readonly writers: number; readonly seconds: number }
  /** Fills the outbox with this many events, then drains it. Answered with a `RelayMeasure`. */
  | { readonly drain: number };

/** Events per second. */
export interface RelayMeasure {
  readonly relayed: number;
  /** Messages of the same size handed to the bus in the batches of the relay. */
  readonly published: number;
}
