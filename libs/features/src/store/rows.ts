import type { JsonValue } from '@slipway/kernel';
import type { Ingestion, SourceState, StoredFile } from '../domain/ingestion.ts';
import type { TrainingSet } from '../domain/training-set.ts';
import type { AppliedRepository, RepositoryRevision } from '../domain/unit-of-work.ts';
import type { ViewState } from '../domain/view-state.ts';
import type { IngestionRecord, RepositoryRecord, SourceRecord, TrainingSetRecord, ViewRecord } from './entities.ts';

/** JSON columns hold what this store wrote; their form is not checked again. */
export const fromJson = (json: JsonValue): unknown => json;
/** Without undefined fields: the ORM would keep them as null. */
export const toJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;

type RevisionRecord = Pick<RepositoryRecord, 'revision' | 'digest' | 'principal' | 'createTime'>;

export const revisionOf = ({ revision, digest, principal, createTime }: RevisionRecord): RepositoryRevision => ({
  revision,
  digest,
  principal,
  createTime,
});

export const appliedOf = (row: RepositoryRecord): AppliedRepository => ({
  revision: revisionOf(row),
  files: fromJson(row.files) as AppliedRepository['files'],
  repository: fromJson(row.model) as AppliedRepository['repository'],
});

export const repositoryRowOf = (workspace: string, { revision, files, repository }: AppliedRepository) => ({
  workspace,
  ...revision,
  files: toJson(files),
  model: toJson(repository),
});

export const sourceOf = ({ source, arrival, lastEventTime, columns }: SourceRecord): SourceState => ({
  source,
  arrival,
  lastEventTime,
  columns: fromJson(columns) as SourceState['columns'],
});

export const sourceRowOf = (workspace: string, { columns, ...state }: SourceState) => ({
  workspace,
  ...state,
  columns: toJson(columns),
});

const fileOf = (sha256: string | null | undefined, bytes: bigint): StoredFile | undefined =>
  typeof sha256 === 'string' ? { sha256, bytes: Number(bytes) } : undefined;

export function ingestionOf(row: IngestionRecord): Ingestion {
  const { firstEventTime: first, lastEventTime: last } = row;
  return {
    id: row.id,
    source: row.source,
    sha256: row.sha256,
    bytes: row.bytes,
    description: row.description,
    acceptedRows: row.acceptedRows,
    quarantinedRows: row.quarantinedRows,
    breaches: fromJson(row.breaches) as Ingestion['breaches'],
    firstArrival: row.firstArrival,
    eventTimes: typeof first === 'bigint' && typeof last === 'bigint' ? { first, last } : undefined,
    contractId: row.contractId,
    contractVersion: row.contractVersion,
    accepted: fileOf(row.acceptedSha256, row.acceptedBytes),
    quarantine: fileOf(row.quarantineSha256, row.quarantineBytes),
    principal: row.principal,
    createTime: row.createTime,
  };
}

export function ingestionRowOf(workspace: string, ingestion: Ingestion) {
  const { accepted, quarantine, eventTimes, breaches, ...plain } = ingestion;
  return {
    workspace,
    ...plain,
    breaches: toJson(breaches),
    firstEventTime: eventTimes?.first ?? null,
    lastEventTime: eventTimes?.last ?? null,
    acceptedSha256: accepted?.sha256 ?? null,
    acceptedBytes: BigInt(accepted?.bytes ?? 0),
    quarantineSha256: quarantine?.sha256 ?? null,
    quarantineBytes: BigInt(quarantine?.bytes ?? 0),
  };
}

export const trainingSetOf = (row: TrainingSetRecord): TrainingSet => ({
  id: row.id,
  name: row.name,
  features: fromJson(row.features) as TrainingSet['features'],
  columns: fromJson(row.columns) as TrainingSet['columns'],
  rows: row.rows,
  createdCutoff: row.createdCutoff,
  files: fromJson(row.files) as TrainingSet['files'],
  nulls: fromJson(row.nulls) as TrainingSet['nulls'],
  repositoryRevision: row.repositoryRevision,
  arrivals: fromJson(row.arrivals) as TrainingSet['arrivals'],
  principal: row.principal,
  createTime: row.createTime,
});

export const trainingSetRowOf = (workspace: string, trainingSet: TrainingSet) => ({
  workspace,
  ...trainingSet,
  features: toJson(trainingSet.features),
  columns: toJson(trainingSet.columns),
  files: toJson(trainingSet.files),
  nulls: toJson(trainingSet.nulls),
  arrivals: toJson(trainingSet.arrivals),
});

export const viewOf = (row: ViewRecord): ViewState => ({
  view: row.view,
  digest: row.digest,
  arrival: row.arrival,
  materializeTime: row.materializeTime ?? undefined,
  tables: fromJson(row.tables) as ViewState['tables'],
  leaseOwner: row.leaseOwner,
  leaseUntil: row.leaseUntil,
});

export const viewRowOf = (workspace: string, state: ViewState) => ({
  workspace,
  ...state,
  materializeTime: state.materializeTime ?? null,
  tables: toJson(state.tables),
});
