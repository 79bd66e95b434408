import { defineEntity, type InferEntity } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { columns } from '@slipway/persistence';

const name = () => columns.text(128);
/** Principals come from the authenticator: subjects of certificates and tokens are longer than names. */
const principal = () => columns.text(1024);
const id = () => columns.text(64);
const listJson = () => columns.json<JsonValue>(4 * 1024 * 1024);

export const ScoringSetRow = defineEntity({
  name: 'FeatureScoringSetRow',
  tableName: 'features_scoring_set',
  properties: {
    workspace: columns.workspace(),
    id: id().primary(),
    consumer: name(),
    source: name(),
    fromExclusive: columns.int64(),
    toInclusive: columns.int64(),
    features: listJson(),
    columns: listJson(),
    rows: columns.int64(),
    files: listJson(),
    contentSha256: columns.sha256(),
    repositoryRevision: columns.int64(),
    principal: principal(),
    createTime: columns.micros(),
    commitTime: columns.micros().nullable(),
    manifestUri: columns.text(1024),
  },
  indexes: [{ name: 'features_scoring_set_consumer', properties: ['workspace', 'consumer', 'id'] }],
});

/** Which scoring sets name a stored file. */
export const ScoringSetFileRow = defineEntity({
  name: 'FeatureScoringSetFileRow',
  tableName: 'features_scoring_set_file',
  properties: {
    workspace: columns.workspace(),
    scoringSet: id().primary(),
    sha256: columns.sha256().primary(),
  },
  indexes: [{ name: 'features_scoring_set_file_sha256', properties: ['workspace', 'sha256'] }],
});

export const PositionRow = defineEntity({
  name: 'FeaturePositionRow',
  tableName: 'features_position',
  properties: {
    workspace: columns.workspace(),
    consumer: name().primary(),
    source: name().primary(),
    arrival: columns.int64(),
    updateTime: columns.micros(),
  },
});

export type ScoringSetRecord = InferEntity<typeof ScoringSetRow>;
export type PositionRecord = InferEntity<typeof PositionRow>;

/** For composition. */
export const scoringEntities = [ScoringSetRow, ScoringSetFileRow, PositionRow];
