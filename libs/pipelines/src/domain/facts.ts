import type { RunState, StepState } from './run.ts';

/** A run or one of its steps reached another state; `step` is undefined when the run did. */
export interface PipelineFact {
  readonly runId: string;
  readonly pipeline: string;
  readonly state: RunState;
  readonly step: { readonly name: string; readonly state: StepState } | undefined;
  readonly message: string;
}
