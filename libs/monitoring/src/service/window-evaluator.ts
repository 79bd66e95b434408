import { RecurringTask, type Clock, type Logger } from '@slipway/kernel';
import { evaluateWindows, type EvaluationDependencies } from '../domain/use-cases/evaluate-windows.ts';

/** A monitor that judges by itself. */
export interface WatchedObjective {
  readonly workspace: string;
  readonly objective: string;
}

export interface WindowEvaluatorOptions {
  /** Monitors that are not manual, of all workspaces. */
  readonly watched: () => Promise<readonly WatchedObjective[]>;
  readonly deps: EvaluationDependencies;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Closes windows as time goes by, by the wall clock. Any number of processes may run one: a day is closed once. */
export const createWindowEvaluator = (options: WindowEvaluatorOptions): RecurringTask =>
  new RecurringTask({
    name: 'monitoring-window-evaluator',
    everyMs: options.everyMs,
    work: (signal) => evaluateAll(options, signal),
    failure: 'monitors could not be read; it is tried again',
    clock: options.clock,
    log: options.log,
  });

/** One round over all monitors. A failure of one does not keep the others waiting; it is tried again in the next round. */
async function evaluateAll({ watched, deps, clock, log }: WindowEvaluatorOptions, signal: AbortSignal): Promise<void> {
  for (const { workspace, objective } of await watched()) {
    const call = { caller: callerIn(workspace), requestId: `evaluate:${objective}` };
    try {
      const { windows, alerts } = await evaluateWindows(call, { objective, until: clock.now() }, deps, signal);
      if (windows.length > 0) log.info({ workspace, objective, days: windows.length, alerts: alerts.length }, 'closed windows'); // prettier-ignore
    } catch (error) {
      if (signal.aborted) return; // told to stop
      log.warn({ error, workspace, objective }, 'judging windows failed; it is tried again');
    }
  }
}

const callerIn = (workspace: string) => ({
  principal: 'service:monitoring',
  workspace,
  allWorkspaces: false,
  permissions: new Set<string>(),
});
