import type { Micros } from '@slipway/kernel';
import type {
  Alias as AliasMessage,
  AliasMove as AliasMoveMessage,
  AliasPolicy as AliasPolicyMessage,
  Approval as ApprovalMessage,
  Evaluation as EvaluationMessage,
  ModelVersion as ModelVersionMessage,
  RegisteredModel as RegisteredModelMessage,
  TensorSpec as TensorSpecMessage,
} from '@slipway/contracts/slipway.registry.v1';
import type { TensorSpec } from '@slipway/plugin-kit';
import type { AliasMove, LiveAlias } from '../domain/alias.ts';
import type { AliasPolicy } from '../domain/alias-policy.ts';
import type { Approval } from '../domain/approval.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { ModelView, VersionView } from '../domain/lookup.ts';

/** google.protobuf.Timestamp; nanos count up from the second, also before 1970. */
export function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
}

export const toModelMessage = ({ model, aliases }: ModelView): RegisteredModelMessage => ({
  name: model.name,
  description: model.description,
  tags: { ...model.tags },
  last_version: model.lastVersion.toString(),
  aliases: aliases.map(toAliasMessage),
  principal: model.principal,
  create_time: toTimestamp(model.createTime),
  update_time: toTimestamp(model.updateTime),
});

const toTensorMessage = ({ name, datatype, shape }: TensorSpec): TensorSpecMessage => ({
  name,
  datatype,
  shape: shape.map(String),
});

const STAGES = {
  none: 'MODEL_STAGE_NONE',
  staging: 'MODEL_STAGE_STAGING',
  production: 'MODEL_STAGE_PRODUCTION',
  archived: 'MODEL_STAGE_ARCHIVED',
} as const;

export const toVersionMessage = ({ version, aliases }: VersionView): ModelVersionMessage => ({
  model: version.model,
  version: version.version.toString(),
  description: version.description,
  tags: { ...version.tags },
  digest: version.digest,
  files: version.files.map(({ path, bytes, sha256 }) => ({ path, bytes: bytes.toString(), sha256 })),
  graph: version.graph,
  inputs: version.signature.inputs.map(toTensorMessage),
  outputs: version.signature.outputs.map(toTensorMessage),
  features: [...version.features],
  run_id: version.runId,
  training_set_id: version.trainingSetId,
  principal: version.principal,
  create_time: toTimestamp(version.createTime),
  update_time: toTimestamp(version.updateTime),
  aliases: [...aliases],
  signing_key_id: version.signingKeyId,
  preprocessing_json: JSON.stringify(version.preprocessing),
  postprocessing_json: JSON.stringify(version.postprocessing),
  source: version.source,
  run_link: version.runLink,
  logged_model_id: version.loggedModelId,
  stage: STAGES[version.stage],
  user_id: version.userId,
});

export const toAliasMessage = (alias: LiveAlias): AliasMessage => ({
  model: alias.model,
  name: alias.name,
  version: alias.version.toString(),
  revision: alias.revision.toString(),
  digest: alias.digest,
  principal: alias.principal,
  update_time: toTimestamp(alias.updateTime),
  workspace: alias.workspace,
});

export const toAliasMoveMessage = (move: AliasMove): AliasMoveMessage => ({
  model: move.model,
  alias: move.alias,
  revision: move.revision.toString(),
  version: (move.version ?? 0n).toString(),
  previous_version: (move.previousVersion ?? 0n).toString(),
  principal: move.principal,
  time: toTimestamp(move.time),
  rolled_back: move.rolledBack,
});

export const toPolicyMessage = (policy: AliasPolicy): AliasPolicyMessage => ({
  model: policy.model,
  alias: policy.alias,
  gates: policy.gates.map(({ gate, parameters }) => ({ gate, parameters: { ...parameters } })),
  approvals_required: policy.approvalsRequired,
  revision: policy.revision.toString(),
});

export const toEvaluationMessage = (evaluation: Evaluation): EvaluationMessage => ({
  id: evaluation.id,
  model: evaluation.model,
  version: evaluation.version.toString(),
  dataset: evaluation.dataset,
  dataset_sha256: evaluation.datasetSha256,
  rows: evaluation.rows.toString(),
  metrics: { ...evaluation.metrics },
  principal: evaluation.principal,
  time: toTimestamp(evaluation.time),
});

export const toApprovalMessage = (approval: Approval): ApprovalMessage => ({
  id: approval.id,
  model: approval.model,
  version: approval.version.toString(),
  alias: approval.alias,
  digest: approval.digest,
  decision: approval.decision === 'approved' ? 'APPROVAL_DECISION_APPROVED' : 'APPROVAL_DECISION_REJECTED',
  principal: approval.principal,
  comment: approval.comment,
  time: toTimestamp(approval.time),
});
