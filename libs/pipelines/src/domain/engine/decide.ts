import type { Micros } from '@slipway/kernel';
import type { StepSpec } from '../pipeline.ts';
import { isActive, type RunState, type RunStep, type StepState } from '../run.ts';

/** What is to be done next with a run. */
export interface Decision {
  readonly start: readonly string[];
  /** Can never begin: something that they need, directly or not, did not succeed. */
  readonly skip: readonly string[];
  /** When a step may be begun again; undefined when none waits for that. */
  readonly wakeAt: Micros | undefined;
  /** How the run has ended once `skip` is done; undefined while it goes on. */
  readonly end: Extract<RunState, 'succeeded' | 'failed' | 'cancelled'> | undefined;
}

const BLOCKING: ReadonlySet<StepState> = new Set(['failed', 'cancelled', 'skipped']);

/**
 * Which steps can begin. A step begins when all that it needs has succeeded; branches do not wait for one another, also when another one has failed.
 * @param specs each after the steps it needs. @param activeMax steps that may be active at once.
 */
export function decide(
  specs: readonly StepSpec[],
  steps: readonly RunStep[],
  now: Micros,
  activeMax: number,
): Decision {
  const states = new Map(steps.map(({ name, state }) => [name, state]));
  const byName = new Map(steps.map((step) => [step.name, step]));
  const [start, skip]: [string[], string[]] = [[], []];
  let active = steps.filter(({ state }) => isActive(state)).length;
  let wakeAt: Micros | undefined;
  for (const { name, needs } of specs) {
    if (states.get(name) !== 'pending') continue;
    const needed = needs.map((each) => states.get(each) ?? 'skipped');
    if (needed.some((state) => BLOCKING.has(state))) {
      states.set(name, 'skipped');
      skip.push(name);
    } else if (needed.every((state) => state === 'succeeded')) {
      const { retryAt } = byName.get(name) ?? { retryAt: 0n };
      if (retryAt > now) wakeAt = wakeAt === undefined || retryAt < wakeAt ? retryAt : wakeAt;
      else if (active < activeMax) {
        start.push(name);
        active += 1;
      }
    }
  }
  return { start, skip, wakeAt, end: start.length === 0 ? endOf([...states.values()]) : undefined };
}

function endOf(states: readonly StepState[]): Decision['end'] {
  if (states.some((state) => state === 'pending' || isActive(state))) return undefined;
  if (states.includes('failed')) return 'failed';
  return states.includes('cancelled') ? 'cancelled' : 'succeeded';
}

/** What a run that goes on shows: it waits when nothing of it works and something of it waits. */
export function showState(steps: readonly RunStep[]): 'running' | 'waiting' {
  const states = steps.map(({ state }) => state);
  return states.includes('waiting') && !states.includes('running') ? 'waiting' : 'running';
}
