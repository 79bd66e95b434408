import { formatMicros, parseMicros, type JsonValue } from '@slipway/kernel';
import type { PipelineRevision } from '../domain/pipeline.ts';
import type { PipelineRun, RunCause, RunStep } from '../domain/run.ts';
import type { HeldBy, TriggerState } from '../domain/trigger-state.ts';
import type { RevisionRecord, RunRecord, StepRecord, TriggerRecord } from './entities.ts';

/** JSON columns hold what this store wrote; their form is not checked again. */
const fromJson = (json: JsonValue): unknown => json;

export const revisionOf = (row: RevisionRecord): PipelineRevision => ({
  name: row.name,
  revision: row.revision,
  content: row.content,
  digest: row.digest,
  principal: row.principal,
  updateTime: row.updateTime,
});

const causesOf = (json: JsonValue): readonly RunCause[] =>
  (fromJson(json) as readonly (Omit<RunCause, 'time'> & { time: string })[]).map(({ kind, name, id, time }) => ({
    kind,
    name,
    id,
    time: parseMicros(time),
  }));

const causesJson = (causes: readonly RunCause[]): JsonValue =>
  causes.map(({ kind, name, id, time }) => ({ kind, name, id, time: formatMicros(time) }));

export const runOf = (row: RunRecord): PipelineRun => ({
  id: row.id,
  pipeline: row.pipeline,
  revision: row.revision,
  trigger: row.trigger,
  state: row.state as PipelineRun['state'],
  parameters: fromJson(row.parameters) as PipelineRun['parameters'],
  causes: causesOf(row.causes),
  principal: row.principal,
  createTime: row.createTime,
  endTime: row.endTime ?? undefined,
  cancelRequested: row.cancelRequested,
  epoch: row.epoch,
  change: row.change,
});

export const runRowOf = (workspace: string, { causes, endTime, parameters, ...run }: PipelineRun) => ({
  workspace,
  ...run,
  parameters: { ...parameters },
  causes: causesJson(causes),
  endTime: endTime ?? null,
});

/** What changes of a run after its beginning, but for its lease. */
export const runChangeOf = ({ state, causes, endTime, cancelRequested }: PipelineRun) => ({
  state,
  causes: causesJson(causes),
  endTime: endTime ?? null,
  cancelRequested,
});

export const stepOf = (row: StepRecord): RunStep => ({
  name: row.name,
  kind: row.kind,
  state: row.state as RunStep['state'],
  attempts: Number(row.attempts),
  failures: Number(row.failures),
  result: row.result === null || row.result === undefined ? undefined : (fromJson(row.result) as RunStep['result']),
  message: row.message,
  startTime: row.startTime ?? undefined,
  endTime: row.endTime ?? undefined,
  deadline: row.deadline ?? undefined,
  retryAt: row.retryAt,
});

/** Without what never changes. */
export const stepRowOf = (step: RunStep) => ({
  state: step.state,
  attempts: BigInt(step.attempts),
  failures: BigInt(step.failures),
  result: step.result === undefined ? null : (step.result as JsonValue),
  message: step.message,
  startTime: step.startTime ?? null,
  endTime: step.endTime ?? null,
  deadline: step.deadline ?? null,
  retryAt: step.retryAt,
});

export const triggerOf = (row: TriggerRecord): TriggerState => ({
  pipeline: row.pipeline,
  name: row.name,
  kind: row.kind as TriggerState['kind'],
  expression: row.expression,
  since: row.since,
  fireAt: row.fireAt ?? undefined,
  lastTime: row.lastTime ?? undefined,
  heldBy: row.heldBy === '' ? undefined : (row.heldBy as HeldBy),
  causes: causesOf(row.causes),
  event: row.event === null || row.event === undefined ? undefined : (fromJson(row.event) as TriggerState['event']),
});

export const triggerRowOf = (workspace: string, state: TriggerState) => ({
  workspace,
  ...state,
  fireAt: state.fireAt ?? null,
  lastTime: state.lastTime ?? null,
  heldBy: state.heldBy ?? '',
  causes: causesJson(state.causes),
  event: state.event === undefined ? null : (state.event as JsonValue),
});
