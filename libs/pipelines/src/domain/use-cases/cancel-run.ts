import type { PipelineDependencies } from '../dependencies.ts';
import { runNotFound } from '../errors.ts';
import { isEnded, type RunWithSteps } from '../run.ts';
import type { Call } from '../unit-of-work.ts';
import { getRun } from './read-runs.ts';

/** Asks for a stop; whoever drives the run sees it within a poll. Idempotent; changes nothing of a run that has ended. @throws {NotFoundError} */
export async function cancelRun(call: Call, id: string, deps: PipelineDependencies): Promise<RunWithSteps> {
  await deps.unitOfWork.run(call, async (tx) => {
    const found = await tx.runs.lock(id);
    if (!found) throw runNotFound(id);
    if (isEnded(found.run.state) || found.run.cancelRequested) return;
    await tx.runs.put({ ...found.run, cancelRequested: true });
    const resource = `pipelines/${found.run.pipeline}/runs/${id}`;
    tx.audit.add({ action: 'batch.pipeline-runs.cancel', resource, details: {} });
  });
  deps.changes.notify(call.caller.workspace, id);
  deps.wake();
  return getRun(call, id, deps);
}
