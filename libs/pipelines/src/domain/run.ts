import type { JsonValue, Micros } from '@slipway/kernel';

export type RunState = 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled';
export type StepState = 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

/** What made a run begin. */
export interface RunCause {
  readonly kind: 'manual' | 'cron' | 'event';
  /** Trigger or person. */
  readonly name: string;
  /** Of the event or tick. */
  readonly id: string;
  readonly time: Micros;
}

export interface PipelineRun {
  readonly id: string;
  readonly pipeline: string;
  readonly revision: bigint;
  /** Empty for a run that somebody began. */
  readonly trigger: string;
  readonly state: RunState;
  readonly parameters: Readonly<Record<string, string>>;
  readonly causes: readonly RunCause[];
  readonly principal: string;
  readonly createTime: Micros;
  readonly endTime: Micros | undefined;
  readonly cancelRequested: boolean;
  /** Counts takings-over: whoever holds an older one writes nothing any more. */
  readonly epoch: bigint;
  /** Grows with every change that a reader can see. */
  readonly change: bigint;
}

export interface RunStep {
  readonly name: string;
  readonly kind: string;
  readonly state: StepState;
  /** Times it was begun. */
  readonly attempts: number;
  /** Times it was begun and failed; the rest of the finished ones ended with its process. */
  readonly failures: number;
  readonly result: Readonly<Record<string, JsonValue>> | undefined;
  readonly message: string;
  readonly startTime: Micros | undefined;
  readonly endTime: Micros | undefined;
  readonly deadline: Micros | undefined;
  /** Not begun again before. */
  readonly retryAt: Micros;
}

export interface RunWithSteps {
  readonly run: PipelineRun;
  /** In the order of the pipeline. */
  readonly steps: readonly RunStep[];
}

export const isEnded = (state: RunState): boolean => state !== 'running' && state !== 'waiting';
export const isActive = (state: StepState): boolean => state === 'running' || state === 'waiting';

/** A step that was not begun yet. */
export const pendingStep = ({ name, kind }: { readonly name: string; readonly kind: string }): RunStep => ({
  name,
  kind,
  state: 'pending',
  attempts: 0,
  failures: 0,
  result: undefined,
  message: '',
  startTime: undefined,
  endTime: undefined,
  deadline: undefined,
  retryAt: 0n,
});
