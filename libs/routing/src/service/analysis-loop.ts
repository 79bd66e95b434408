import { DEFAULT_WORKSPACE, type Component, type Logger } from '@slipway/kernel';
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
export class AnalysisLoop implements Component {
  readonly name = 'routing-analysis-loop';
  private readonly deps: RoutingDependencies;
  private readonly log: Logger;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(deps: RoutingDependencies, log: Logger) {
    this.deps = deps;
    this.log = log;
  }

  get isRunning(): boolean {
    return this.running !== undefined && !this.stopping.signal.aborted;
  }

  start(): Promise<void> {
    this.running ??= this.loop();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** One look at each; a failure of one does not keep the others. */
  async lookOnce(signal: AbortSignal): Promise<void> {
    let after: ExperimentRef | undefined;
    do {
      const found: readonly ExperimentRef[] = await this.deps.unitOfWork.listUnattended(after, PAGE_SIZE);
      for (const { workspace, id } of found) await this.look(workspace, id, signal);
      after = found.length < PAGE_SIZE ? undefined : found.at(-1);
    } while (after && !signal.aborted);
  }

  private async look(workspace: string, id: string, signal: AbortSignal): Promise<void> {
    const call = serviceCall(workspace, this.deps.ids.next());
    try {
      await analyzeExperiment(call, { id, asOf: undefined, onlyNews: true }, this.deps, signal);
    } catch (error) {
      if (!signal.aborted) this.log.warn({ workspace, experiment: id, error }, 'an experiment was not looked at');
    }
  }

  private async loop(): Promise<void> {
    const { clock, limits } = this.deps;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await clock.sleep(limits.analyzeEveryMs, signal);
        await this.lookOnce(signal);
      } catch (error) {
        if (signal.aborted) return; // told to stop
        this.log.warn({ error }, 'looking at experiments failed; it is tried again');
      }
    }
  }
}
