import { parseMicros, type JsonValue } from '@slipway/kernel';
import type { PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import type { PipelineTransaction } from '../unit-of-work.ts';
import { carryOutEvent } from './fire-trigger.ts';
import { isMeant, onEvent } from './hold-event.ts';

/** An event as it came from the bus. */
export interface IncomingEvent {
  readonly id: string;
  readonly type: string;
  /** When it happened, ISO 8601. */
  readonly time: string;
  readonly data: Readonly<Record<string, JsonValue>>;
}

/** Lets an event begin runs, or be held back, for every trigger that means it. @returns ids of the runs that it is a cause of. */
export async function takeEvent(
  tx: PipelineTransaction,
  event: IncomingEvent,
  deps: Pick<PipelineDependencies, 'vocabulary' | 'ids' | 'log' | 'clock'>,
): Promise<readonly string[]> {
  const time = parseMicros(event.time);
  const runs: string[] = [];
  for (const { pipeline: name, name: triggerName } of await tx.triggers.ofEvent(event.type)) {
    await tx.pipelines.lock(name);
    const state = (await tx.triggers.of(name)).find((each) => each.name === triggerName);
    const revision = await tx.pipelines.current(name);
    if (!state || !revision || time < state.since) continue; // it happened before anybody waited for it
    const spec = parsePipeline(revision.content, deps.vocabulary);
    const trigger = spec.triggers.find((each) => each.name === triggerName);
    if (trigger?.kind !== 'event' || !isMeant(trigger, event.data)) continue;
    const isFull = (await tx.runs.active(name)).length >= spec.maxRunning;
    const cause = { kind: 'event', name: triggerName, id: event.id, time } as const;
    const decision = onEvent(trigger, state, { cause, data: event.data }, deps.clock.now(), isFull);
    const run = await carryOutEvent(tx, { spec, revision }, trigger, decision, deps);
    if (run !== undefined) runs.push(run);
  }
  return runs;
}
