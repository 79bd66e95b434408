import type { Column, ColumnType as ColumnTypeMessage } from '@slipway/contracts/slipway.common.v1';
import type {
  Entity as EntityMessage,
  FeatureColumn,
  FeatureView as FeatureViewMessage,
  GetOnlineFeaturesResponse,
  GetRepositoryResponse,
  Ingestion as IngestionMessage,
  QuarantinedRow,
  RepositoryChange as RepositoryChangeMessage,
  RepositoryRevision as RepositoryRevisionMessage,
  Source as SourceMessage,
  TrainingSet as TrainingSetMessage,
  ViewStatus as ViewStatusMessage,
} from '@slipway/contracts/slipway.features.v1';
import { canonicalJson, type Micros } from '@slipway/kernel';
import type { ColumnSpec, ColumnType, RejectedRow } from '@slipway/plugin-kit';
import type { FeatureFiles } from '../domain/files.ts';
import type { Ingestion } from '../domain/ingestion.ts';
import type { AnsweredColumn } from '../domain/online/online-answer.ts';
import type { OnlineAnswer } from '../domain/online/online-reader.ts';
import type { RepositoryChange } from '../domain/repository/diff-repository.ts';
import type { Entity, FeatureView, Source } from '../domain/repository/feature-repository.ts';
import type { TrainingSet } from '../domain/training-set.ts';
import type { AppliedRepository, RepositoryRevision } from '../domain/unit-of-work.ts';
import type { ViewStatus } from '../domain/use-cases/list-views.ts';

/** google.protobuf.Timestamp; nanos count up from the second, also before 1970. */
export function toTimestamp(micros: Micros): { seconds: string; nanos: number } {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return { seconds: ((micros - rest) / 1_000_000n).toString(), nanos: Number(rest) * 1000 };
}

export const optionalTime = (micros: Micros | undefined) => (micros === undefined ? null : toTimestamp(micros));

const COLUMN_TYPE = {
  string: 'COLUMN_TYPE_STRING',
  integer: 'COLUMN_TYPE_INTEGER',
  number: 'COLUMN_TYPE_NUMBER',
  boolean: 'COLUMN_TYPE_BOOLEAN',
  timestamp: 'COLUMN_TYPE_TIMESTAMP',
} as const satisfies Record<ColumnType, ColumnTypeMessage>;

export const toColumn = ({ name, type }: ColumnSpec): FeatureColumn => ({ name, type: COLUMN_TYPE[type] });

export const toRevisionMessage = (revision: RepositoryRevision): RepositoryRevisionMessage => ({
  revision: revision.revision.toString(),
  digest: revision.digest,
  principal: revision.principal,
  create_time: toTimestamp(revision.createTime),
});

const ACTION = {
  create: 'REPOSITORY_ACTION_CREATE',
  update: 'REPOSITORY_ACTION_UPDATE',
  delete: 'REPOSITORY_ACTION_DELETE',
} as const;

export const toChangeMessage = ({ kind, name, action, detail }: RepositoryChange): RepositoryChangeMessage => ({
  kind,
  name,
  action: ACTION[action],
  detail,
});

const toEntityMessage = ({ name, joinKeys, description }: Entity): EntityMessage => ({
  name,
  join_keys: joinKeys.map(toColumn),
  description,
});

const toSourceMessage = ({ name, contract, eventTime, createdTime }: Source): SourceMessage => ({
  name,
  contract_id: contract.id,
  contract_version: contract.version,
  event_time_column: eventTime,
  created_time_column: createdTime ?? '',
  columns: contract.columns.map(toColumn),
});

export const toViewMessage = (view: FeatureView): FeatureViewMessage => ({
  name: view.name,
  entities: [...view.entities],
  source: view.source,
  features: view.features.map(({ name, type, column, aggregation }) => ({
    name,
    type: COLUMN_TYPE[type],
    column,
    function: aggregation?.function ?? '',
    window_micros: (aggregation?.windowMicros ?? 0).toString(),
  })),
  ttl_micros: view.ttlMicros.toString(),
  description: view.description,
  digest: view.digest,
});

export const toRepositoryMessage = ({ revision, files, repository }: AppliedRepository): GetRepositoryResponse => ({
  revision: toRevisionMessage(revision),
  files: [...files],
  entities: repository.entities.map(toEntityMessage),
  sources: repository.sources.map(toSourceMessage),
  views: repository.views.map(toViewMessage),
  services: repository.services.map(({ name, features }) => ({ name, features: [...features] })),
});

export const toIngestionMessage = (ingestion: Ingestion): IngestionMessage => ({
  id: ingestion.id,
  source: ingestion.source,
  sha256: ingestion.sha256,
  bytes: ingestion.bytes.toString(),
  accepted_rows: ingestion.acceptedRows.toString(),
  quarantined_rows: ingestion.quarantinedRows.toString(),
  breaches: ingestion.breaches.map(({ column, rule, rows }) => ({ column, rule, rows: rows.toString() })),
  first_arrival: ingestion.firstArrival.toString(),
  first_event_time: optionalTime(ingestion.eventTimes?.first),
  last_event_time: optionalTime(ingestion.eventTimes?.last),
  contract_id: ingestion.contractId,
  contract_version: ingestion.contractVersion,
  principal: ingestion.principal,
  create_time: toTimestamp(ingestion.createTime),
});

export const toQuarantinedRow = ({ row, breaches, values }: RejectedRow): QuarantinedRow => ({
  row: row.toString(),
  breaches: breaches.map(({ column, rule, reason }) => ({ column, rule, reason })),
  values_json: canonicalJson(values),
});

export const toTrainingSetMessage = (
  workspace: string,
  set: TrainingSet,
  { uriOf }: Pick<FeatureFiles, 'uriOf'>,
): TrainingSetMessage => ({
  id: set.id,
  name: set.name,
  features: [...set.features],
  columns: set.columns.map(toColumn),
  rows: set.rows.toString(),
  created_cutoff: set.createdCutoff,
  files: set.files.map(({ sha256, bytes, rows }) => ({
    uri: uriOf(workspace, sha256),
    bytes: bytes.toString(),
    sha256,
    rows: rows.toString(),
  })),
  nulls: Object.fromEntries(Object.entries(set.nulls).map(([column, count]) => [column, count.toString()])),
  repository_revision: set.repositoryRevision.toString(),
  arrivals: { ...set.arrivals },
  principal: set.principal,
  create_time: toTimestamp(set.createTime),
});

export const toViewStatusMessage = (status: ViewStatus): ViewStatusMessage => ({
  view: toViewMessage(status.view),
  rows: status.arrival.toString(),
  arrival: status.arrival.toString(),
  online_arrival: status.onlineArrival.toString(),
  last_event_time: optionalTime(status.lastEventTime),
  materialize_time: optionalTime(status.materializeTime),
});

/** The columns are handed on as they are: a copy of each value would cost more than reading it. */
export const toOnlineMessage = ({ features, views }: OnlineAnswer): GetOnlineFeaturesResponse => ({
  features: features.map(({ name, column }) => ({ name, values: toColumnMessage(column), statuses: column.statuses })),
  views: views.map(({ view, digest, eventTimes }) => ({ view, digest, event_time_micros: [...eventTimes] })),
});

function toColumnMessage({ type, values, nulls }: AnsweredColumn): Column {
  switch (type) {
    case 'string':
      return { nulls, strings: { values: values as string[] } };
    case 'boolean':
      return { nulls, booleans: { values: values as boolean[] } };
    case 'number':
      return { nulls, numbers: { values: values as number[] } };
    case 'integer':
      return { nulls, integers: { values: values as (number | string)[] } };
    case 'timestamp':
      return { nulls, timestamps: { values: values as (number | string)[] } };
  }
}
