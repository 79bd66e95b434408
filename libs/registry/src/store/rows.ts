import type { JsonValue } from '@slipway/kernel';
import type { Alias, AliasMove, LiveAlias } from '../domain/alias.ts';
import type { AliasPolicy, GateSpec } from '../domain/alias-policy.ts';
import type { Approval, ApprovalDecision } from '../domain/approval.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { RegisteredModel } from '../domain/registered-model.ts';
import type {
  AliasMoveRecord,
  AliasPolicyRecord,
  AliasRecord,
  ApprovalRecord,
  EvaluationMetricRecord,
  EvaluationRecord,
  ModelRecord,
  VersionRecord,
} from './entities.ts';

/** JSON columns hold what this store wrote; their form is not checked again. */
const fromJson = (json: JsonValue): unknown => json;
const toJson = (value: unknown): JsonValue => value as JsonValue;

export const modelOf = (row: ModelRecord): RegisteredModel => ({
  name: row.name,
  description: row.description,
  tags: row.tags,
  lastVersion: row.lastVersion,
  lastSequence: row.lastSequence,
  principal: row.principal,
  createTime: row.createTime,
  updateTime: row.updateTime,
  deleted: row.deleted,
});

export const versionOf = (row: VersionRecord): ModelVersion => ({
  model: row.model,
  version: row.version,
  description: row.description,
  tags: row.tags,
  digest: row.digest,
  files: fromJson(row.files) as ModelVersion['files'],
  graph: row.graph,
  signature: fromJson(row.signature) as ModelVersion['signature'],
  features: fromJson(row.features) as ModelVersion['features'],
  preprocessing: fromJson(row.preprocessing) as ModelVersion['preprocessing'],
  postprocessing: fromJson(row.postprocessing) as ModelVersion['postprocessing'],
  runId: row.runId,
  trainingSetId: row.trainingSetId,
  principal: row.principal,
  createTime: row.createTime,
  updateTime: row.updateTime,
  signingKeyId: row.signingKeyId,
  source: row.source,
  runLink: row.runLink,
  loggedModelId: row.loggedModelId,
  userId: row.userId,
  stage: row.stage as ModelVersion['stage'],
});

export const versionRowOf = (workspace: string, version: ModelVersion) => ({
  workspace,
  ...version,
  files: toJson(version.files),
  signature: toJson(version.signature),
  features: toJson(version.features),
  preprocessing: toJson(version.preprocessing),
  postprocessing: toJson(version.postprocessing),
});

export const aliasOf = (row: AliasRecord): Alias => ({
  workspace: row.workspace,
  model: row.model,
  name: row.name,
  version: row.version ?? undefined,
  previousVersion: row.previousVersion ?? undefined,
  revision: row.revision,
  digest: row.digest,
  principal: row.principal,
  updateTime: row.updateTime,
});

/** @param row of a query for aliases that name a version. */
export function liveAliasOf(row: AliasRecord): LiveAlias {
  if (row.version === null || row.version === undefined) throw new Error('a deleted alias among the live ones');
  return { ...aliasOf(row), version: row.version };
}

export const moveOf = (row: AliasMoveRecord): AliasMove => ({
  model: row.model,
  alias: row.alias,
  revision: row.revision,
  version: row.version ?? undefined,
  previousVersion: row.previousVersion ?? undefined,
  principal: row.principal,
  time: row.time,
  rolledBack: row.rolledBack,
});

export const policyOf = (row: AliasPolicyRecord): AliasPolicy => ({
  model: row.model,
  alias: row.alias,
  gates: fromJson(row.gates) as GateSpec[],
  approvalsRequired: row.approvalsRequired,
  revision: row.revision,
});

export const policyRowOf = (workspace: string, policy: AliasPolicy) => ({
  workspace,
  ...policy,
  gates: toJson(policy.gates),
});

/** @param metrics those of any evaluations. */
export const evaluationOf = (row: EvaluationRecord, metrics: readonly EvaluationMetricRecord[]): Evaluation => ({
  id: row.id,
  model: row.model,
  version: row.version,
  sequence: row.sequence,
  dataset: row.dataset,
  datasetSha256: row.datasetSha256,
  rows: row.rows,
  metrics: Object.fromEntries(
    metrics.filter(({ sequence }) => sequence === row.sequence).map(({ metric, value }) => [metric, value]),
  ),
  principal: row.principal,
  time: row.time,
});

export const approvalOf = (row: ApprovalRecord): Approval => ({
  id: row.id,
  model: row.model,
  version: row.version,
  alias: row.alias,
  sequence: row.sequence,
  digest: row.digest,
  decision: row.decision as ApprovalDecision,
  principal: row.principal,
  comment: row.comment,
  time: row.time,
});
