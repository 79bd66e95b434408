import { FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import { z } from 'zod';
import { HOUR_MS, stepKind, type StepKinds } from '../domain/step-kind.ts';

/** What a task does; 'always' fails every time, 'never-again' for good, a number that many times before it succeeds. */
export interface TaskPlan {
  readonly failing?: number | 'always' | 'for-good';
  readonly takesMs?: number;
  /** It never ends by itself. */
  readonly hangs?: boolean;
  readonly waits?: boolean;
}

/** Services outside of the engine: they outlive its processes and do the work of one request id once. */
export class TaskWorld {
  readonly plans = new Map<string, TaskPlan>();
  /** Request ids by step, in the order of their first arrival. */
  readonly effects = new Map<string, Set<string>>();
  /** Every call that arrived, also repeats. */
  readonly calls: string[] = [];
  readonly inputs = new Map<string, unknown>();
  /** Called after an effect, before its answer is on its way. */
  afterEffect: ((step: string, call: number) => void) | undefined;

  readonly kinds = (process: { readonly isDead: boolean }): StepKinds => new Map([['task', this.#kind(process)]]);

  #kind(process: { readonly isDead: boolean }) {
    return stepKind({
      kind: 'task',
      timeoutMs: HOUR_MS,
      results: ['value'],
      schema: (value) => z.strictObject({ text: value(z.string()).optional(), count: value(z.number()).optional() }),
      execute: async (input, context) => {
        const plan = this.plans.get(context.step) ?? {};
        if (plan.waits === true) await context.wait('waits for somebody');
        if ((plan.takesMs ?? 0) > 0) await context.clock.sleep(plan.takesMs ?? 0, context.signal);
        if (process.isDead) throw new Error('this process has crashed');
        const earlier = this.calls.filter((step) => step === context.step).length;
        this.calls.push(context.step);
        this.inputs.set(context.step, input);
        this.effects.set(context.step, (this.effects.get(context.step) ?? new Set()).add(context.key));
        this.afterEffect?.(context.step, this.calls.length);
        if (plan.hangs === true) await context.clock.sleep(10 * 366 * 24 * HOUR_MS, context.signal);
        if (plan.failing === 'for-good')
          throw new FailedPreconditionError('the gate says no', { reason: 'GATE_REFUSED' });
        if (plan.failing === 'always' || earlier < (plan.failing ?? 0)) throw new UnavailableError('not this time');
        return { message: 'done', value: `${context.step}-value` };
      },
    });
  }
}

/** A pipeline of tasks. */
export const taskPipeline = (
  name: string,
  steps: readonly { readonly name: string; readonly needs?: readonly string[]; readonly attempts?: number }[],
  more = '',
): string => `apiVersion: slipway.pipeline/v1
kind: Pipeline
name: ${name}
${more}steps:
${steps.map(({ name: step, needs = [], attempts = 3 }) => `  - { name: ${step}, kind: task, needs: [${needs.join(', ')}], attempts: ${attempts} }`).join('\n')}
`;
