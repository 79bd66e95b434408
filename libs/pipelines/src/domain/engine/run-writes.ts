import { isEnded, type PipelineRun, type RunState, type RunStep } from '../run.ts';
import type { PipelineTransaction } from '../unit-of-work.ts';
import { showState } from './decide.ts';

/** Writes a step with its fact. */
export async function putStep(tx: PipelineTransaction, run: PipelineRun, step: RunStep): Promise<void> {
  await tx.runs.putStep(run.id, step);
  const { name, state, message } = step;
  tx.events.add({ runId: run.id, pipeline: run.pipeline, state: run.state, step: { name, state }, message });
}

/** Writes another state of a run with its fact. */
export async function putRunState(
  tx: PipelineTransaction,
  run: PipelineRun,
  state: RunState,
  message: string,
): Promise<void> {
  await tx.runs.put({ ...run, state, endTime: isEnded(state) ? tx.now : undefined });
  tx.events.add({ runId: run.id, pipeline: run.pipeline, state, step: undefined, message });
}

/** Whether it works or waits, when that has changed. */
export async function showRun(tx: PipelineTransaction, id: string): Promise<void> {
  const found = await tx.runs.get(id);
  if (!found || isEnded(found.run.state)) return;
  const state = showState(found.steps);
  if (state !== found.run.state) await putRunState(tx, found.run, state, '');
}

export async function endRun(
  tx: PipelineTransaction,
  { id }: Pick<PipelineRun, 'id'>,
  state: 'succeeded' | 'failed' | 'cancelled',
): Promise<void> {
  const found = await tx.runs.get(id);
  if (!found) return;
  const broken = found.steps.find((step) => step.state === 'failed');
  await putRunState(tx, found.run, state, broken ? `${broken.name}: ${broken.message}` : '');
}
