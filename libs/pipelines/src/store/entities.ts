import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';

const name = () => columns.text(128);
/** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
const principal = () => columns.text(1024);
const id = () => columns.text(64);
/** An event has at most 1 MiB on the bus; 256 causes are far smaller. */
const json = () => columns.json<JsonValue>(4 * 1024 * 1024);

/** One row per name that was ever used: whoever begins a run or changes a trigger locks it first. */
export const PipelineRow = defineEntity({
  name: 'PipelineRow',
  tableName: 'pipelines_pipeline',
  properties: {
    workspace: columns.workspace(),
    name: name().primary(),
    revision: columns.int64(),
    isDeleted: p.boolean(),
  },
});

export const RevisionRow = defineEntity({
  name: 'PipelineRevisionRow',
  tableName: 'pipelines_revision',
  properties: {
    workspace: columns.workspace(),
    name: name().primary(),
    revision: columns.int64().primary(),
    content: columns.text(1024 * 1024),
    digest: columns.sha256(),
    principal: principal(),
    updateTime: columns.micros(),
  },
});

export const RunRow = defineEntity({
  name: 'PipelineRunRow',
  tableName: 'pipelines_run',
  properties: {
    workspace: columns.workspace(),
    id: id().primary(),
    pipeline: name(),
    revision: columns.int64(),
    trigger: name(),
    cause: columns.text(256),
    state: columns.text(16),
    parameters: json(),
    causes: json(),
    principal: principal(),
    createTime: columns.micros(),
    endTime: columns.micros().nullable(),
    cancelRequested: p.boolean(),
    leaseOwner: columns.text(64),
    leaseUntil: columns.micros(),
    epoch: columns.int64(),
    change: columns.int64(),
  },
  uniques: [{ name: 'pipelines_run_cause', properties: ['workspace', 'pipeline', 'trigger', 'cause'] }],
  indexes: [
    { name: 'pipelines_run_pipeline', properties: ['workspace', 'pipeline', 'id'] },
    { name: 'pipelines_run_lease', properties: ['state', 'leaseUntil'] },
  ],
});

export const StepRow = defineEntity({
  name: 'PipelineStepRow',
  tableName: 'pipelines_step',
  properties: {
    workspace: columns.workspace(),
    run: id().primary(),
    name: name().primary(),
    position: columns.int64(),
    kind: columns.text(64),
    state: columns.text(16),
    attempts: columns.int64(),
    failures: columns.int64(),
    result: json().nullable(),
    message: columns.text(1024),
    startTime: columns.micros().nullable(),
    endTime: columns.micros().nullable(),
    deadline: columns.micros().nullable(),
    retryAt: columns.micros(),
  },
});

export const TriggerRow = defineEntity({
  name: 'PipelineTriggerRow',
  tableName: 'pipelines_trigger',
  properties: {
    workspace: columns.workspace(),
    pipeline: name().primary(),
    name: name().primary(),
    kind: columns.text(16),
    expression: columns.text(256),
    since: columns.micros(),
    fireAt: columns.micros().nullable(),
    lastTime: columns.micros().nullable(),
    heldBy: columns.text(16),
    causes: json(),
    event: json().nullable(),
  },
  indexes: [
    { name: 'pipelines_trigger_expression', properties: ['workspace', 'expression'] },
    { name: 'pipelines_trigger_due', properties: ['fireAt'] },
  ],
});

export type PipelineRecord = InferEntity<typeof PipelineRow>;
export type RevisionRecord = InferEntity<typeof RevisionRow>;
export type RunRecord = InferEntity<typeof RunRow>;
export type StepRecord = InferEntity<typeof StepRow>;
export type TriggerRecord = InferEntity<typeof TriggerRow>;

/** For composition. */
export const pipelineEntities = [PipelineRow, RevisionRow, RunRow, StepRow, TriggerRow];
