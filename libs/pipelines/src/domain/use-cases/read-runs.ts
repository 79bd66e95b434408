import { Alarm } from '@slipway/kernel';
import type { PipelineDependencies } from '../dependencies.ts';
import { runNotFound } from '../errors.ts';
import { isEnded, type RunWithSteps } from '../run.ts';
import type { Call, Page, PageRequest } from '../unit-of-work.ts';

type Deps = Pick<PipelineDependencies, 'unitOfWork'>;

/** @throws {NotFoundError} */
export async function getRun({ caller }: Call, id: string, { unitOfWork }: Deps): Promise<RunWithSteps> {
  const found = await unitOfWork.read(caller, (reads) => reads.runs.get(id));
  if (!found) throw runNotFound(id);
  return found;
}

/** Newest first. */
export const listRuns = (
  { caller }: Call,
  query: PageRequest & { readonly pipeline: string | undefined },
  { unitOfWork }: Deps,
): Promise<Page<RunWithSteps>> => unitOfWork.read(caller, (reads) => reads.runs.list(query.pipeline, query));

/** The run now and after each change; ends after a final state. @throws {NotFoundError} @throws {ExhaustedError} on too many watches. */
export async function* watchRun(
  call: Call,
  id: string,
  deps: Pick<PipelineDependencies, 'unitOfWork' | 'changes' | 'clock' | 'limits'>,
  signal: AbortSignal,
): AsyncGenerator<RunWithSteps, void, void> {
  const alarm = new Alarm(deps.clock);
  const unsubscribe = deps.changes.subscribe(call.caller.workspace, id, alarm.ring);
  try {
    for (let seen: bigint | undefined; ;) {
      signal.throwIfAborted();
      const found = await getRun(call, id, deps);
      if (found.run.change !== seen) yield found;
      if (isEnded(found.run.state)) return;
      seen = found.run.change;
      await alarm.sleep(deps.limits.pollMs, signal);
    }
  } finally {
    unsubscribe();
  }
}
