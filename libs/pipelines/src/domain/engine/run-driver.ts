import { Alarm, type Logger, type Micros } from '@slipway/kernel';
import { ownCall, type PipelineDependencies } from '../dependencies.ts';
import { parsePipeline } from '../document/parse-pipeline.ts';
import type { PipelineSpec, StepSpec } from '../pipeline.ts';
import { isActive, type RunStep, type RunWithSteps } from '../run.ts';
import type { PipelineTransaction, RunLease } from '../unit-of-work.ts';
import { decide, type Decision } from './decide.ts';
import { endRun, putStep, showRun } from './run-writes.ts';
import { RunningStep, type StepOutcome } from './running-step.ts';
import { stepInput } from './step-input.ts';
import {
  beginStep,
  cancelStep,
  cut,
  failStep,
  giveBackStep,
  interruptStep,
  skipStep,
  succeedStep,
} from './step-outcome.ts';

/** The lease is another one's by now: nothing is written any more. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}
class RunCancelledError extends Error {
  override readonly name = 'RunCancelledError';
}
class RunStoppedError extends Error {
  override readonly name = 'RunStoppedError';
}

const LOOK_AGAIN_MS = 60_000;

/**
 * Drives one run as long as this process holds its lease. What is to be done next follows from the rows alone, so that whoever takes over goes on where the
 * rows say; every write is refused once the lease is another one's.
 */
export class RunDriver {
  readonly lease: RunLease;
  readonly #deps: PipelineDependencies;
  readonly #log: Logger;
  readonly #alarm: Alarm;
  readonly #running = new Map<string, RunningStep>();
  readonly #ended = new AbortController();
  #stopping: Error | undefined;

  constructor(lease: RunLease, deps: PipelineDependencies) {
    this.lease = lease;
    this.#deps = deps;
    this.#log = deps.log.child({ run: lease.id });
    this.#alarm = new Alarm(deps.clock);
  }

  /** Somebody wants the run stopped. */
  cancel(): void {
    this.#stop(new RunCancelledError('the run was cancelled'));
  }

  /** The process stops: what is begun is given back. */
  halt(): void {
    this.#stop(new RunStoppedError('the process stops'));
  }

  /** It is not ours any more. */
  lose(): void {
    this.#stop(new LeaseLostError('the lease of the run was lost'));
  }

  /** Resolves when the run has ended, or is not ours any more. @throws what the database says; the lease then runs out. */
  async drive(): Promise<void> {
    try {
      const spec = await this.#takeUp();
      while (!(await this.#round(spec))) continue;
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
    } finally {
      this.#ended.abort();
      for (const step of this.#running.values()) step.abort(new LeaseLostError('the run is over'));
    }
  }

  #stop(reason: Error): void {
    this.#stopping ??= reason;
    for (const step of this.#running.values()) step.abort(reason);
    this.#alarm.ring();
  }

  /** What the process before began is begun again. */
  async #takeUp(): Promise<PipelineSpec> {
    const content = await this.#write(async (tx, state) => {
      for (const step of state.steps.filter((each) => isActive(each.state))) {
        await putStep(tx, state.run, interruptStep(step, tx.now));
      }
      return (await tx.pipelines.revision(state.run.pipeline, state.run.revision))?.content;
    });
    if (content === undefined) throw new Error(`run ${this.lease.id} follows a revision that is not there`);
    return parsePipeline(content, this.#deps.vocabulary);
  }

  /** @returns whether the run is over for this process. */
  async #round(spec: PipelineSpec): Promise<boolean> {
    if (this.#stopping instanceof LeaseLostError) throw this.#stopping;
    if (this.#stopping && this.#running.size === 0) return this.#leave();
    const begun: RunWithSteps[] = [];
    const decision = await this.#write(async (tx, state) => {
      begun.length = 0; // the transaction may be repeated as a whole
      if (state.run.cancelRequested) this.cancel();
      if (this.#stopping) return undefined;
      const made = decide(spec.steps, state.steps, tx.now, this.#deps.limits.stepsMax);
      begun.push(await carryOut(tx, state, spec, made));
      return made;
    });
    if (decision?.end !== undefined) return true;
    for (const name of decision?.start ?? []) if (begun[0]) this.#begin(spec, name, begun[0]);
    if (this.#stopping && this.#running.size === 0) return false;
    const wakeMs = decision?.wakeAt === undefined ? LOOK_AGAIN_MS : this.#untilMs(decision.wakeAt);
    await this.#alarm.sleep(Math.min(wakeMs, LOOK_AGAIN_MS), this.#ended.signal);
    return false;
  }

  #untilMs(time: Micros): number {
    return Math.max(1, Number(time - this.#deps.clock.now()) / 1000);
  }

  #begin(pipeline: PipelineSpec, name: string, state: RunWithSteps): void {
    const spec = pipeline.steps.find((each) => each.name === name);
    const row = state.steps.find((each) => each.name === name);
    if (!spec || !row) throw new Error(`step '${name}' is not there`);
    const { clock } = this.#deps;
    const stop = new AbortController();
    const note = (to: 'running' | 'waiting', message: string): Promise<void> => this.#note(name, to, message);
    const step = new RunningStep(name, { clock, note, stop });
    this.#running.set(name, step);
    void this.#attempt(step, spec, row, pipeline, state);
  }

  async #attempt(
    step: RunningStep,
    spec: StepSpec,
    row: RunStep,
    pipeline: PipelineSpec,
    state: RunWithSteps,
  ): Promise<void> {
    const { clock, kinds } = this.#deps;
    const { workspace, id } = this.lease;
    const context = {
      workspace,
      pipeline: pipeline.name,
      runId: id,
      step: spec.name,
      attempt: row.attempts,
      key: `${id}.${spec.name}`,
      beganAt: state.run.createTime,
      clock,
      log: this.#log.child({ step: spec.name }),
    };
    try {
      const { kind, input } = stepInput(spec, pipeline, state, kinds);
      const outcome = await step.run(kind, input, context, this.#untilMs(row.deadline ?? clock.now()));
      await this.#finish(spec, outcome);
    } catch (error) {
      await this.#finish(spec, { error }).catch((unwritten: unknown) => {
        if (!(unwritten instanceof LeaseLostError))
          this.#log.error({ error: unwritten }, 'the end of a step was not written');
        this.lose(); // the rows say that it runs: whoever takes over begins it again
      });
    } finally {
      this.#running.delete(step.name);
      this.#alarm.ring();
    }
  }

  async #finish(spec: StepSpec, outcome: StepOutcome): Promise<void> {
    if ('error' in outcome && outcome.error instanceof LeaseLostError) throw outcome.error;
    const { limits } = this.#deps;
    if ('error' in outcome) this.#log.warn({ error: outcome.error, step: spec.name }, 'a step did not succeed');
    await this.#write(async (tx, state) => {
      const step = state.steps.find(({ name }) => name === spec.name);
      if (!step || !isActive(step.state)) return;
      await putStep(tx, state.run, afterAttempt(step, spec, outcome, tx.now, limits));
      await showRun(tx, state.run.id);
    });
  }

  async #note(name: string, to: 'running' | 'waiting', message: string): Promise<void> {
    await this.#write(async (tx, state) => {
      const step = state.steps.find((each) => each.name === name);
      if (!step || !isActive(step.state)) return;
      await putStep(tx, state.run, { ...step, state: to, message: cut(message) });
      await showRun(tx, state.run.id);
    });
  }

  /** Everything that this process had begun is over. */
  async #leave(): Promise<boolean> {
    const isCancel = this.#stopping instanceof RunCancelledError;
    await this.#write(async (tx, { run, steps }) => {
      if (!isCancel) return tx.runs.free(run.id);
      for (const step of steps) if (step.state === 'pending') await putStep(tx, run, cancelStep(step, tx.now));
      await endRun(tx, run, 'cancelled');
    });
    return true;
  }

  /** One transaction on a run that is still ours. @throws {LeaseLostError} */
  async #write<Result>(work: (tx: PipelineTransaction, state: RunWithSteps) => Promise<Result>): Promise<Result> {
    const { unitOfWork, changes } = this.#deps;
    const { workspace, id } = this.lease;
    const result = await unitOfWork.run(ownCall(workspace, `pipeline-run:${id}`), async (tx) => {
      const state = await tx.runs.held(this.lease);
      if (!state) throw new LeaseLostError('the lease of the run was lost');
      return work(tx, state);
    });
    changes.notify(workspace, id);
    return result;
  }
}

function afterAttempt(
  step: RunStep,
  spec: StepSpec,
  outcome: StepOutcome,
  now: Micros,
  limits: PipelineDependencies['limits'],
): RunStep {
  if ('result' in outcome) return succeedStep(step, outcome.result, now);
  if (outcome.error instanceof RunCancelledError) return cancelStep(step, now);
  if (outcome.error instanceof RunStoppedError) return giveBackStep(step);
  return failStep(step, spec, outcome.error, now, limits);
}

/** Writes a decision. @returns the run as it is then. */
async function carryOut(
  tx: PipelineTransaction,
  state: RunWithSteps,
  { steps: specs }: PipelineSpec,
  { start, skip, end }: Decision,
): Promise<RunWithSteps> {
  const steps = state.steps.map((step) => {
    const spec = specs.find(({ name }) => name === step.name);
    if (spec && start.includes(step.name)) return beginStep(step, spec, tx.now);
    return skip.includes(step.name) ? skipStep(step, tx.now) : step;
  });
  for (const [index, step] of steps.entries()) if (step !== state.steps[index]) await putStep(tx, state.run, step);
  if (end !== undefined) await endRun(tx, state.run, end);
  else if (start.length > 0) await showRun(tx, state.run.id);
  return { run: state.run, steps };
}
