import type { Envelope } from '@slipway/model-package';
import type { LiveAlias } from '../domain/alias.ts';
import type { Approval } from '../domain/approval.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { RegisteredModel } from '../domain/registered-model.ts';

const DIGEST = 'd'.repeat(64);

export const modelRow = (name: string, more: Partial<RegisteredModel> = {}): RegisteredModel => ({
  name,
  description: 'about it',
  tags: {},
  lastVersion: 0n,
  lastSequence: 0n,
  principal: 'alice',
  createTime: 1n,
  updateTime: 2n,
  deleted: false,
  ...more,
});

export const versionRow = (model: string, version: bigint, more: Partial<ModelVersion> = {}): ModelVersion => ({
  model,
  version,
  description: '',
  tags: { stage: 'test' },
  digest: DIGEST,
  files: [{ path: 'weights/model.onnx', bytes: 2 ** 40, sha256: 'a'.repeat(64) }],
  graph: 'weights/model.onnx',
  signature: {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'y', datatype: 'INT64', shape: [] }],
  },
  features: ['delays:mean_1h'],
  preprocessing: { scale: 0.1, nested: { list: [1, null, 'two'] } },
  postprocessing: {},
  runId: 'run-7',
  trainingSetId: '',
  principal: 'alice',
  createTime: 2n ** 60n,
  updateTime: 2n ** 60n + 1n,
  signingKeyId: 'e'.repeat(64),
  source: '',
  runLink: '',
  loggedModelId: '',
  userId: '',
  stage: 'none',
  ...more,
});

export function sealedVersion(model: string, version: bigint, sha256 = 'a'.repeat(64)) {
  const files = [{ path: 'weights/model.onnx', bytes: 2 ** 40, sha256 }];
  const envelope: Envelope = {
    payloadType: 'application/test',
    payload: Buffer.from(`${model} ${version}`).toString('base64'),
    signatures: [{ keyid: 'e'.repeat(64), sig: 'AAAA' }],
  };
  return { version: versionRow(model, version, { files }), envelope };
}

export const aliasRow = (model: string, name: string, version: bigint, more: Partial<LiveAlias> = {}): LiveAlias => ({
  workspace: 'default',
  model,
  name,
  version,
  previousVersion: undefined,
  revision: 1n,
  digest: DIGEST,
  principal: 'alice',
  updateTime: 3n,
  ...more,
});

export const evaluationRow = (
  { model, version }: ModelVersion,
  sequence: bigint,
  metrics: Readonly<Record<string, number>>,
): Evaluation => ({
  id: `evaluation-${sequence}`,
  model,
  version,
  sequence,
  dataset: 'flights-2001-04-01..07',
  datasetSha256: '',
  rows: 2n ** 53n + 1n,
  metrics,
  principal: 'alice',
  time: 4n,
});

export const approvalRow = (
  { model, version, digest }: ModelVersion,
  sequence: bigint,
  more: Partial<Approval> = {},
): Approval => ({
  id: `approval-${sequence}`,
  model,
  version,
  alias: 'champion',
  sequence,
  digest,
  decision: 'approved',
  principal: 'bob',
  comment: '',
  time: 5n,
  ...more,
});
