import type { JsonValue, Micros } from '@slipway/kernel';
import type { RunCause } from './run.ts';

/** Why an event or a tick began no run of its own. */
export type HeldBy = 'debounce' | 'cool-down' | 'running';

/** What is known of a trigger beside what its pipeline says. */
export interface TriggerState {
  readonly pipeline: string;
  readonly name: string;
  readonly kind: 'cron' | 'event';
  /** Cron expression or event type. */
  readonly expression: string;
  /** Of the pipeline in force: what happened before concerns nobody. */
  readonly since: Micros;
  /** Next tick, or end of the debounce window; undefined when nothing is due. */
  readonly fireAt: Micros | undefined;
  /** When it last began a run. */
  readonly lastTime: Micros | undefined;
  readonly heldBy: HeldBy | undefined;
  /** Events of the debounce window. */
  readonly causes: readonly RunCause[];
  /** Payload of the last one of them. */
  readonly event: Readonly<Record<string, JsonValue>> | undefined;
}
