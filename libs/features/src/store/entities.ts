import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';
import { predictionEntities } from './prediction-entities.ts';
import { scoringEntities } from './scoring-entities.ts';

const name = () => columns.text(128);
/** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
const principal = () => columns.text(1024);
const id = () => columns.text(64);
/** What was understood of three megabytes of files, and the files themselves: escapes may double them. */
const repositoryJson = () => columns.json<JsonValue>(32 * 1024 * 1024);
const listJson = () => columns.json<JsonValue>(4 * 1024 * 1024);

/** One row per workspace: whoever changes anything locks it first. */
export const LockRow = defineEntity({
  name: 'FeatureLockRow',
  tableName: 'features_lock',
  properties: { workspace: columns.workspace(), currentRevision: columns.int64() },
});

export const RepositoryRow = defineEntity({
  name: 'FeatureRepositoryRow',
  tableName: 'features_repository',
  properties: {
    workspace: columns.workspace(),
    revision: columns.int64().primary(),
    digest: columns.sha256(),
    files: repositoryJson(),
    model: repositoryJson(),
    principal: principal(),
    createTime: columns.micros(),
  },
});

export const SourceRow = defineEntity({
  name: 'FeatureSourceRow',
  tableName: 'features_source',
  properties: {
    workspace: columns.workspace(),
    source: name().primary(),
    arrival: columns.int64(),
    lastEventTime: columns.micros(),
    columns: listJson(),
  },
});

export const IngestionRow = defineEntity({
  name: 'FeatureIngestionRow',
  tableName: 'features_ingestion',
  properties: {
    workspace: columns.workspace(),
    id: id().primary(),
    source: name(),
    sha256: columns.sha256(),
    bytes: columns.int64(),
    description: columns.text(8192),
    acceptedRows: columns.int64(),
    quarantinedRows: columns.int64(),
    breaches: listJson(),
    firstArrival: columns.int64(),
    firstEventTime: columns.micros().nullable(),
    lastEventTime: columns.micros().nullable(),
    contractId: columns.text(256),
    contractVersion: columns.text(256),
    acceptedSha256: columns.sha256().nullable(),
    acceptedBytes: columns.int64(),
    quarantineSha256: columns.sha256().nullable(),
    quarantineBytes: columns.int64(),
    principal: principal(),
    createTime: columns.micros(),
  },
  uniques: [{ name: 'features_ingestion_content', properties: ['workspace', 'source', 'sha256'] }],
  indexes: [
    { name: 'features_ingestion_source', properties: ['workspace', 'source', 'id'] },
    { name: 'features_ingestion_arrival', properties: ['workspace', 'source', 'firstArrival'] },
    { name: 'features_ingestion_accepted', properties: ['workspace', 'acceptedSha256'] },
    { name: 'features_ingestion_quarantine', properties: ['workspace', 'quarantineSha256'] },
  ],
});

export const TrainingSetRow = defineEntity({
  name: 'FeatureTrainingSetRow',
  tableName: 'features_training_set',
  properties: {
    workspace: columns.workspace(),
    id: columns.sha256().primary(),
    name: name(),
    features: listJson(),
    columns: listJson(),
    rows: columns.int64(),
    createdCutoff: p.boolean(),
    files: listJson(),
    nulls: listJson(),
    repositoryRevision: columns.int64(),
    arrivals: listJson(),
    principal: principal(),
    createTime: columns.micros(),
  },
  indexes: [{ name: 'features_training_set_create_time', properties: ['workspace', 'createTime', 'id'] }],
});

/** Which training sets name a stored file. */
export const TrainingSetFileRow = defineEntity({
  name: 'FeatureTrainingSetFileRow',
  tableName: 'features_training_set_file',
  properties: {
    workspace: columns.workspace(),
    trainingSet: columns.sha256().primary(),
    sha256: columns.sha256().primary(),
  },
  indexes: [{ name: 'features_training_set_file_sha256', properties: ['workspace', 'sha256'] }],
});

export const ViewRow = defineEntity({
  name: 'FeatureViewRow',
  tableName: 'features_view',
  properties: {
    workspace: columns.workspace(),
    view: name().primary(),
    digest: columns.text(64),
    arrival: columns.int64(),
    materializeTime: columns.micros().nullable(),
    tables: listJson(),
    leaseOwner: columns.text(64),
    leaseUntil: columns.micros(),
  },
});

/** Stored files and when somebody last said to need them. */
export const BlobClaimRow = defineEntity({
  name: 'FeatureBlobClaimRow',
  tableName: 'features_blob_claim',
  properties: {
    workspace: columns.workspace(),
    sha256: columns.sha256().primary(),
    claimedAt: columns.micros(),
  },
  indexes: [{ name: 'features_blob_claim_age', properties: ['claimedAt'] }],
});

export type RepositoryRecord = InferEntity<typeof RepositoryRow>;
export type SourceRecord = InferEntity<typeof SourceRow>;
export type IngestionRecord = InferEntity<typeof IngestionRow>;
export type TrainingSetRecord = InferEntity<typeof TrainingSetRow>;
export type ViewRecord = InferEntity<typeof ViewRow>;

/** For composition. */
export const featureEntities = [
  LockRow,
  RepositoryRow,
  SourceRow,
  IngestionRow,
  TrainingSetRow,
  TrainingSetFileRow,
  ViewRow,
  BlobClaimRow,
  ...scoringEntities,
  ...predictionEntities,
];
