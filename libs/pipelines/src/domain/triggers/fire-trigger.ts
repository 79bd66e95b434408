import { formatMicros, type JsonValue } from '@slipway/kernel';
import { beginRun, mergeCauses } from '../begin-run.ts';
import type { PipelineDependencies } from '../dependencies.ts';
import { fillTemplate } from '../expression/template.ts';
import { CAUSES_MAX } from '../limits.ts';
import { parametersOfRun } from '../parameters.ts';
import type { PipelineRevision, PipelineSpec, Trigger } from '../pipeline.ts';
import type { RunCause } from '../run.ts';
import type { PipelineTransaction } from '../unit-of-work.ts';
import type { EventDecision } from './hold-event.ts';

/** A pipeline in force, read. */
export interface PipelineInForce {
  readonly spec: PipelineSpec;
  readonly revision: PipelineRevision;
}

type Deps = Pick<PipelineDependencies, 'ids' | 'log'>;

/** Writes what an event or the end of a window came to. The pipeline is locked. @returns the run that goes on with it, if any. */
export async function carryOutEvent(
  tx: PipelineTransaction,
  pipeline: PipelineInForce,
  trigger: Trigger,
  decision: EventDecision,
  deps: Deps,
): Promise<string | undefined> {
  await tx.triggers.put(decision.state);
  if (decision.kind === 'hold') return undefined;
  if (decision.kind === 'merge') return mergeInto(tx, pipeline.spec.name, decision.causes);
  return startTriggered(tx, pipeline, trigger, { root: 'event', values: decision.event }, decision.causes, deps);
}

/** The newest run that goes on gets the causes. */
async function mergeInto(
  tx: PipelineTransaction,
  pipeline: string,
  causes: readonly RunCause[],
): Promise<string | undefined> {
  const newest = (await tx.runs.active(pipeline)).at(-1);
  const locked = newest && (await tx.runs.lock(newest.id));
  if (!locked) return undefined;
  await tx.runs.put({ ...locked.run, causes: mergeCauses(locked.run.causes, causes, CAUSES_MAX) });
  return locked.run.id;
}

/** Begins the run of a trigger. A value that is no value of its parameter ends in the log: nobody is there to be told. */
export async function startTriggered(
  tx: PipelineTransaction,
  { spec, revision }: PipelineInForce,
  trigger: Trigger,
  { root, values }: { readonly root: 'event' | 'tick'; readonly values: Readonly<Record<string, JsonValue>> },
  causes: readonly RunCause[],
  { ids, log }: Deps,
): Promise<string | undefined> {
  // e.g. a tick of a clock that was set back
  if (await tx.runs.hasCause(spec.name, trigger.name, causes[0]?.id ?? '')) return undefined;
  let parameters: Readonly<Record<string, string>>;
  try {
    const filledIn = Object.entries(trigger.parameters).map(([name, text]) => {
      const value = fillTemplate(text, ([first, field = '']) => (first === root ? values[field] : undefined));
      return [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
    });
    parameters = parametersOfRun(spec, Object.fromEntries(filledIn) as Record<string, string>);
  } catch (error) {
    log.error(
      { error, pipeline: spec.name, trigger: trigger.name },
      'a trigger began no run: its parameters are wrong',
    );
    return undefined;
  }
  const principal = `trigger:${trigger.name}`;
  const run = await beginRun(tx, ids, { spec, revision, parameters, causes, trigger: trigger.name, principal });
  return run.id;
}

/** What a tick can be asked for. */
export const tickValues = (tick: bigint): Readonly<Record<string, JsonValue>> => {
  const time = formatMicros(tick);
  return { day: time.slice(0, 10), time };
};
