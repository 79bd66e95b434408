import type {
  Pipeline,
  PipelineRun as PipelineRunMessage,
  PipelineRunState,
  PipelineStep,
  PipelineStepState,
} from '@slipway/contracts/slipway.batch.v1';
import type { Micros } from '@slipway/kernel';
import type { RunState, RunStep, RunWithSteps, StepState } from '../domain/run.ts';
import type { ShownPipeline } from '../domain/use-cases/read-pipelines.ts';

const timestamp = (micros: Micros): { seconds: string; nanos: number } => {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
};
const timestampOf = (micros: Micros | undefined) => (micros === undefined ? null : timestamp(micros));

const RUN_STATES: Readonly<Record<RunState, PipelineRunState>> = {
  running: 'PIPELINE_RUN_STATE_RUNNING',
  waiting: 'PIPELINE_RUN_STATE_WAITING',
  succeeded: 'PIPELINE_RUN_STATE_SUCCEEDED',
  failed: 'PIPELINE_RUN_STATE_FAILED',
  cancelled: 'PIPELINE_RUN_STATE_CANCELLED',
};

const STEP_STATES: Readonly<Record<StepState, PipelineStepState>> = {
  pending: 'PIPELINE_STEP_STATE_PENDING',
  running: 'PIPELINE_STEP_STATE_RUNNING',
  waiting: 'PIPELINE_STEP_STATE_WAITING',
  succeeded: 'PIPELINE_STEP_STATE_SUCCEEDED',
  failed: 'PIPELINE_STEP_STATE_FAILED',
  cancelled: 'PIPELINE_STEP_STATE_CANCELLED',
  skipped: 'PIPELINE_STEP_STATE_SKIPPED',
};

export const toPipelineMessage = ({ revision, steps, triggers }: ShownPipeline): Pipeline => ({
  name: revision.name,
  revision: revision.revision.toString(),
  content: revision.content,
  digest: revision.digest,
  principal: revision.principal,
  update_time: timestamp(revision.updateTime),
  steps: [...steps],
  triggers: triggers.map(({ name, kind, expression, fireAt, lastTime, heldBy }) => ({
    name,
    kind,
    expression,
    next_time: kind === 'cron' ? timestampOf(fireAt) : null,
    last_time: timestampOf(lastTime),
    held_back_by: heldBy ?? '',
  })),
});

const toStepMessage = (step: RunStep): PipelineStep => ({
  name: step.name,
  kind: step.kind,
  state: STEP_STATES[step.state],
  attempts: step.attempts,
  result_json: step.result === undefined ? '' : JSON.stringify(step.result),
  message: step.message,
  start_time: timestampOf(step.startTime),
  end_time: timestampOf(step.endTime),
  deadline: timestampOf(step.deadline),
});

export const toRunMessage = ({ run, steps }: RunWithSteps): PipelineRunMessage => ({
  id: run.id,
  pipeline: run.pipeline,
  revision: run.revision.toString(),
  state: RUN_STATES[run.state],
  parameters: { ...run.parameters },
  causes: run.causes.map(({ kind, name, id, time }) => ({ kind, name, id, time: timestamp(time) })),
  steps: steps.map(toStepMessage),
  principal: run.principal,
  create_time: timestamp(run.createTime),
  end_time: timestampOf(run.endTime),
});
