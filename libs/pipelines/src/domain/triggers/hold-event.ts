import type { JsonValue, Micros } from '@slipway/kernel';
import { mergeCauses } from '../begin-run.ts';
import { CAUSES_MAX } from '../limits.ts';
import type { EventTrigger } from '../pipeline.ts';
import type { RunCause } from '../run.ts';
import type { TriggerState } from '../trigger-state.ts';

export interface TriggeringEvent {
  readonly cause: RunCause;
  readonly data: Readonly<Record<string, JsonValue>>;
}

/** What an event comes to. */
export type EventDecision =
  /** A run begins now, with all causes that were held. */
  | {
      readonly kind: 'begin';
      readonly state: TriggerState;
      readonly causes: readonly RunCause[];
      readonly event: TriggeringEvent['data'];
    }
  /** It becomes a cause of a run that goes on. */
  | { readonly kind: 'merge'; readonly state: TriggerState; readonly causes: readonly RunCause[] }
  | { readonly kind: 'hold'; readonly state: TriggerState };

/** Whether the payload has what the trigger asks for; values are compared as text. */
export const isMeant = ({ where }: Pick<EventTrigger, 'where'>, data: TriggeringEvent['data']): boolean =>
  Object.entries(where).every(([field, values]) => {
    const value = data[field];
    return (typeof value === 'object' || value === undefined ? [] : [String(value)]).some((text) =>
      values.includes(text),
    );
  });

/** An event that the trigger means. @param isFull as many runs as allowed go on. */
export function onEvent(
  trigger: Pick<EventTrigger, 'debounceMs' | 'coolDownMs'>,
  state: TriggerState,
  { cause, data }: TriggeringEvent,
  now: Micros,
  isFull: boolean,
): EventDecision {
  if (state.fireAt !== undefined) {
    const causes = mergeCauses(state.causes, [cause], CAUSES_MAX);
    return { kind: 'hold', state: { ...state, causes, event: data, heldBy: 'debounce' } };
  }
  if (isFull) return { kind: 'merge', state: { ...state, heldBy: 'running' }, causes: [cause] };
  if (state.lastTime !== undefined && now < state.lastTime + micros(trigger.coolDownMs)) {
    return { kind: 'hold', state: { ...state, heldBy: 'cool-down' } };
  }
  if (trigger.debounceMs > 0) {
    const fireAt = now + micros(trigger.debounceMs);
    return { kind: 'hold', state: { ...state, fireAt, causes: [cause], event: data, heldBy: 'debounce' } };
  }
  return { kind: 'begin', state: begun(state, now), causes: [cause], event: data };
}

/** The debounce window is over. */
export function onWindowEnd(state: TriggerState, now: Micros, isFull: boolean): EventDecision {
  const { causes, event = {} } = state;
  if (!isFull) return { kind: 'begin', state: begun(state, now), causes, event };
  return { kind: 'merge', state: { ...cleared(state), heldBy: 'running' }, causes };
}

const micros = (ms: number): bigint => BigInt(ms) * 1000n;
const cleared = (state: TriggerState): TriggerState => ({ ...state, fireAt: undefined, causes: [], event: undefined });
/** What held the last event back is over with a run. */
const begun = (state: TriggerState, now: Micros): TriggerState => ({
  ...cleared(state),
  lastTime: now,
  heldBy: undefined,
});
