import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';
import { webhookEntities } from './webhook-entities.ts';

const name = () => columns.text(128);
/** Of a registered model: 200 letters of any script. */
const modelName = () => columns.text(800);
/** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
const principal = () => columns.text(1024);
const description = () => columns.text(8192);
const tags = () => columns.json<Readonly<Record<string, string>>>(1024 * 1024);
const packageJson = () => columns.json<JsonValue>(4 * 1024 * 1024);

export const ModelRow = defineEntity({
  name: 'ModelRow',
  tableName: 'registry_model',
  properties: {
    workspace: columns.workspace(),
    name: modelName().primary(),
    description: description(),
    tags: tags(),
    lastVersion: columns.int64(),
    lastSequence: columns.int64(),
    principal: principal(),
    createTime: columns.micros(),
    updateTime: columns.micros(),
    deleted: p.boolean(),
  },
  indexes: [{ name: 'registry_model_create_time', properties: ['workspace', 'createTime', 'name'] }],
});

export const VersionRow = defineEntity({
  name: 'VersionRow',
  tableName: 'registry_version',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    description: description(),
    tags: tags(),
    digest: columns.text(64),
    files: packageJson(),
    graph: columns.text(1024),
    signature: packageJson(),
    features: packageJson(),
    preprocessing: packageJson(),
    postprocessing: packageJson(),
    runId: columns.text(256),
    trainingSetId: columns.text(256),
    principal: principal(),
    createTime: columns.micros(),
    updateTime: columns.micros(),
    signingKeyId: columns.text(64),
    source: columns.text(8192).default(''),
    runLink: columns.text(2000).default(''),
    loggedModelId: columns.text(256).default(''),
    userId: columns.text(256).default(''),
    stage: columns.text(16).default('none'),
  },
  indexes: [{ name: 'registry_version_run', properties: ['workspace', 'runId'] }],
});

/** The signed manifest of a version; apart, since lists of versions do not need it. */
export const EnvelopeRow = defineEntity({
  name: 'EnvelopeRow',
  tableName: 'registry_envelope',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    envelope: columns.json<JsonValue>(8 * 1024 * 1024),
  },
});

/** Which versions name a stored file. */
export const VersionFileRow = defineEntity({
  name: 'VersionFileRow',
  tableName: 'registry_version_file',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    path: columns.text(1024).primary(),
    sha256: columns.sha256(),
  },
  indexes: [{ name: 'registry_version_file_sha256', properties: ['workspace', 'sha256'] }],
});

export const AliasRow = defineEntity({
  name: 'AliasRow',
  tableName: 'registry_alias',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    name: name().primary(),
    version: columns.int64().nullable(),
    previousVersion: columns.int64().nullable(),
    revision: columns.int64(),
    digest: columns.text(64),
    principal: principal(),
    updateTime: columns.micros(),
  },
});

export const AliasMoveRow = defineEntity({
  name: 'AliasMoveRow',
  tableName: 'registry_alias_move',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    alias: name().primary(),
    revision: columns.int64().primary(),
    version: columns.int64().nullable(),
    previousVersion: columns.int64().nullable(),
    principal: principal(),
    time: columns.micros(),
    rolledBack: p.boolean(),
  },
});

export const AliasPolicyRow = defineEntity({
  name: 'AliasPolicyRow',
  tableName: 'registry_alias_policy',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    alias: name().primary(),
    gates: packageJson(),
    approvalsRequired: p.integer(),
    revision: columns.int64(),
  },
});

export const EvaluationRow = defineEntity({
  name: 'EvaluationRow',
  tableName: 'registry_evaluation',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    sequence: columns.int64().primary(),
    id: columns.text(64),
    dataset: columns.text(256),
    datasetSha256: columns.text(64),
    rows: columns.int64(),
    principal: principal(),
    time: columns.micros(),
  },
});

/** One value of an evaluation; `newest` until a later evaluation has the same metric and dataset. */
export const EvaluationMetricRow = defineEntity({
  name: 'EvaluationMetricRow',
  tableName: 'registry_evaluation_metric',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    sequence: columns.int64().primary(),
    metric: columns.text(256).primary(),
    dataset: columns.text(256),
    value: columns.float64(),
    newest: p.boolean(),
  },
  indexes: [{ name: 'registry_evaluation_metric_newest', properties: ['workspace', 'model', 'version', 'newest'] }],
});

export const ApprovalRow = defineEntity({
  name: 'ApprovalRow',
  tableName: 'registry_approval',
  properties: {
    workspace: columns.workspace(),
    model: modelName().primary(),
    version: columns.int64().primary(),
    sequence: columns.int64().primary(),
    id: columns.text(64),
    alias: name(),
    digest: columns.text(64),
    decision: columns.text(16),
    principal: principal(),
    comment: columns.text(4096),
    time: columns.micros(),
  },
  indexes: [{ name: 'registry_approval_alias', properties: ['workspace', 'model', 'version', 'alias', 'sequence'] }],
});

export const BlobClaimRow = defineEntity({
  name: 'BlobClaimRow',
  tableName: 'registry_blob_claim',
  properties: {
    workspace: columns.workspace(),
    sha256: columns.sha256().primary(),
    claimedAt: columns.micros(),
  },
  indexes: [{ name: 'registry_blob_claim_age', properties: ['claimedAt'] }],
});

/** Everything the registry keeps besides files; for composition. */
export const registryEntities = [
  ModelRow,
  VersionRow,
  EnvelopeRow,
  VersionFileRow,
  AliasRow,
  AliasMoveRow,
  AliasPolicyRow,
  EvaluationRow,
  EvaluationMetricRow,
  ApprovalRow,
  BlobClaimRow,
  ...webhookEntities,
];

export type ModelRecord = InferEntity<typeof ModelRow>;
export type VersionRecord = InferEntity<typeof VersionRow>;
export type AliasRecord = InferEntity<typeof AliasRow>;
export type AliasMoveRecord = InferEntity<typeof AliasMoveRow>;
export type AliasPolicyRecord = InferEntity<typeof AliasPolicyRow>;
export type EvaluationRecord = InferEntity<typeof EvaluationRow>;
export type EvaluationMetricRecord = InferEntity<typeof EvaluationMetricRow>;
export type ApprovalRecord = InferEntity<typeof ApprovalRow>;
