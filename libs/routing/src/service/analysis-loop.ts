import { DEFAULT_WORKSPACE, RecurringTask, type Logger } from '@slipway/kernel';
import type { RoutingDependencies } from '../domain/dependencies.ts';
import { analyzeExperiment } from '../domain/use-cases/analyze-experiment.ts';
import type { Call, ExperimentRef } from '../domain/unit-of-work.ts';

const PAGE_SIZE = 100;

/** The service itself acts in every workspace; what it does is what its own use cases do. */
export const serviceCall = (workspace: string, requestId: string): Call => ({
  caller: { principal: 'experiment-router', workspace, allWorkspaces: true, permissions: new Set<string>() },
  requestId,
});

/** What belongs to no workspace in particular. */
export const OWN_CALL = serviceCall(DEFAULT_WORKSPACE, 'experiment-router');

/** Looks at running experiments, one after the other. Any number of processes may run one: who comes second finds the work done. */
export const createAnalysisLoop = (deps: RoutingDependencies, log: Logger): RecurringTask =>
  new RecurringTask({
    name: 'routing-analysis-loop',
    everyMs: deps.limits.analyzeEveryMs,
    work: (signal) => lookAtAll(deps, log, signal),
    failure: 'looking at experiments failed; it is tried again',
    clock: deps.clock,
    log,
  });

/** One look at each; a failure of one does not keep the others. */
async function lookAtAll(deps: RoutingDependencies, log: Logger, signal: AbortSignal): Promise<void> {
  let after: ExperimentRef | undefined;
  do {
    const found: readonly ExperimentRef[] = await deps.unitOfWork.listUnattended(after, PAGE_SIZE);
    for (const { workspace, id } of found) {
      const call = serviceCall(workspace, deps.ids.next());
      try {
        await analyzeExperiment(call, { id, asOf: undefined, onlyNews: true }, deps, signal);
      } catch (error) {
        if (!signal.aborted) log.warn({ workspace, experiment: id, error }, 'an experiment was not looked at');
      }
    }
    after = found.length < PAGE_SIZE ? undefined : found.at(-1);
  } while (after && !signal.aborted);
}
