import { formatMicros, type Micros } from '@slipway/kernel';
import { ownCall, type PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import type { CronTrigger } from '../pipeline.ts';
import type { TriggerState } from '../trigger-state.ts';
import type { PipelineTransaction } from '../unit-of-work.ts';
import { lastTick, nextTick } from './cron.ts';
import { carryOutEvent, startTriggered, tickValues, type PipelineInForce } from './fire-trigger.ts';
import { onWindowEnd } from './hold-event.ts';

/** Triggers of one look; the rest comes with the next one. */
const DUE_MAX = 100;
/** A tick that is seen within it was not missed: somebody was looking. */
const ON_TIME_MICROS = 60_000_000n;

/** Lets every trigger fire whose time has come. */
export async function fireDueTriggers(deps: PipelineDependencies, signal: AbortSignal): Promise<void> {
  const due = await deps.ledger.due(deps.clock.now(), DUE_MAX);
  for (const { workspace, pipeline, name } of due) {
    signal.throwIfAborted();
    await deps.unitOfWork.run(ownCall(workspace, `pipeline-trigger:${pipeline}/${name}`), async (tx) => {
      await tx.pipelines.lock(pipeline);
      const state = (await tx.triggers.of(pipeline)).find((each) => each.name === name);
      if (state?.fireAt === undefined || state.fireAt > deps.clock.now()) return; // another process was faster
      await fire(tx, state, deps);
    });
  }
}

async function fire(tx: PipelineTransaction, state: TriggerState, deps: PipelineDependencies): Promise<void> {
  const revision = await tx.pipelines.current(state.pipeline);
  const spec = revision && parsePipeline(revision.content, deps.vocabulary);
  const trigger = spec?.triggers.find(({ name }) => name === state.name);
  if (!revision || !spec || !trigger) return tx.triggers.delete(state.pipeline, state.name);
  const pipeline = { spec, revision };
  const isFull = (await tx.runs.active(spec.name)).length >= spec.maxRunning;
  const now = deps.clock.now();
  if (trigger.kind === 'cron') return tick(tx, state, pipeline, trigger, { now, isFull }, deps);
  await carryOutEvent(tx, pipeline, trigger, onWindowEnd(state, now, isFull), deps);
}

/** At most one run, for the last tick that has come. The next one follows from the clock, so a clock that was set back repeats nothing. */
async function tick(
  tx: PipelineTransaction,
  state: TriggerState,
  pipeline: PipelineInForce,
  trigger: CronTrigger,
  { now, isFull }: { readonly now: Micros; readonly isFull: boolean },
  deps: PipelineDependencies,
): Promise<void> {
  const first = state.fireAt ?? now;
  const last = lastTick(trigger.cron, first, now) ?? first;
  const isMissed = now - last > ON_TIME_MICROS && trigger.catchUp === 'none';
  const next = nextTick(trigger.cron, now);
  const heldBy = isFull && !isMissed ? 'running' : undefined;
  const begins = !isMissed && !isFull;
  await tx.triggers.put({ ...state, fireAt: next, heldBy, lastTime: begins ? now : state.lastTime });
  if (!begins) return;
  const cause = { kind: 'cron', name: trigger.name, id: formatMicros(last), time: last } as const;
  await startTriggered(tx, pipeline, trigger, { root: 'tick', values: tickValues(last) }, [cause], deps);
}
