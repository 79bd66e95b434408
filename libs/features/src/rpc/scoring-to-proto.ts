import type {
  ConsumerPosition as ConsumerPositionMessage,
  ScoringSet as ScoringSetMessage,
} from '@slipway/contracts/slipway.features.v1';
import type { FeatureFiles } from '../domain/files.ts';
import type { ConsumerPosition, ScoringSet } from '../domain/scoring/scoring-set.ts';
import { optionalTime, toColumn, toTimestamp } from './to-proto.ts';

export const toScoringSetMessage = (
  workspace: string,
  set: ScoringSet,
  { uriOf }: Pick<FeatureFiles, 'uriOf'>,
): ScoringSetMessage => ({
  id: set.id,
  consumer: set.consumer,
  source: set.source,
  from_exclusive: set.fromExclusive.toString(),
  to_inclusive: set.toInclusive.toString(),
  features: [...set.features],
  columns: set.columns.map(toColumn),
  rows: set.rows.toString(),
  files: set.files.map(({ sha256, bytes, rows }) => ({
    uri: uriOf(workspace, sha256),
    bytes: bytes.toString(),
    sha256,
    rows: rows.toString(),
  })),
  content_sha256: set.contentSha256,
  repository_revision: set.repositoryRevision.toString(),
  principal: set.principal,
  create_time: toTimestamp(set.createTime),
  commit_time: optionalTime(set.commit?.time),
  manifest_uri: set.commit?.manifestUri ?? '',
});

/** @param newestArrival of the source. */
export const toPositionMessage = (
  { consumer, source, arrival, updateTime }: ConsumerPosition,
  newestArrival: bigint,
): ConsumerPositionMessage => ({
  consumer,
  source,
  arrival: arrival.toString(),
  newest_arrival: newestArrival.toString(),
  update_time: toTimestamp(updateTime),
});
