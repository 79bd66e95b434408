import type { PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import { pipelineRunning, runNotFound, runNotResumable } from '../errors.ts';
import { putRunState } from '../engine/run-writes.ts';
import { pendingStep, type RunWithSteps, type StepState } from '../run.ts';
import type { Call } from '../unit-of-work.ts';
import { getRun } from './read-runs.ts';

const UNDONE: ReadonlySet<StepState> = new Set(['failed', 'cancelled', 'skipped']);

/**
 * Goes on with a run that failed or was cancelled: what succeeded keeps its result, everything else begins anew.
 * @throws {NotFoundError} @throws {FailedPreconditionError} reason PIPELINE_RUN_NOT_RESUMABLE. @throws {ExhaustedError} reason PIPELINE_RUNNING.
 */
export async function resumeRun(
  call: Call,
  { id, requestId }: { readonly id: string; readonly requestId: string },
  deps: PipelineDependencies,
): Promise<RunWithSteps> {
  const { pipeline } = (await getRun(call, id, deps)).run;
  await deps.unitOfWork.run(call, (tx) =>
    tx.once('batch.ResumePipelineRun', requestId, { id }, async () => {
      await tx.pipelines.lock(pipeline); // before the run, as everybody does
      const found = await tx.runs.lock(id);
      if (!found) throw runNotFound(id);
      const { run, steps } = found;
      if (run.state !== 'failed' && run.state !== 'cancelled') throw runNotResumable(id, run.state);
      const revision = await tx.pipelines.revision(pipeline, run.revision);
      const maxRunning = revision ? parsePipeline(revision.content, deps.vocabulary).maxRunning : 1;
      if ((await tx.runs.active(pipeline)).length >= maxRunning) throw pipelineRunning(pipeline, maxRunning);
      for (const step of steps) if (UNDONE.has(step.state)) await tx.runs.putStep(id, pendingStep(step));
      await putRunState(tx, { ...run, cancelRequested: false }, 'running', `resumed by ${call.caller.principal}`);
      await tx.runs.free(id);
      tx.audit.add({ action: 'batch.pipeline-runs.resume', resource: `pipelines/${pipeline}/runs/${id}`, details: {} });
      return {};
    }),
  );
  deps.wake();
  return getRun(call, id, deps);
}
