import type { Caller, Micros } from '@slipway/kernel';
import type { FeatureFact } from './facts.ts';
import type { Ingestion, Segment, SourceState } from './ingestion.ts';
import type { Page, PageRequest } from './paging.ts';
import type { PredictionTable, PredictionVersion } from './predictions/prediction-table.ts';
import type { FeatureRepository, RepositoryFile } from './repository/feature-repository.ts';
import type { ConsumerPosition, ScoringSet } from './scoring/scoring-set.ts';
import type { TrainingSet } from './training-set.ts';
import type { ViewState } from './view-state.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

/** One applied repository; `revision` counts 1, 2, 3, ... */
export interface RepositoryRevision {
  readonly revision: bigint;
  readonly digest: string;
  readonly principal: string;
  readonly createTime: Micros;
}

export interface AppliedRepository {
  readonly revision: RepositoryRevision;
  readonly files: readonly RepositoryFile[];
  readonly repository: FeatureRepository;
}

/** Reads of one workspace, at one moment where the database can give that. */
export interface FeatureReads {
  readonly repositories: {
    /** Of the one in force; 0 when none was applied. */
    currentRevision(): Promise<bigint>;
    get(revision: bigint): Promise<AppliedRepository | undefined>;
    /** Newest first. */
    list(page: PageRequest): Promise<Page<RepositoryRevision>>;
  };
  readonly sources: {
    get(source: string): Promise<SourceState | undefined>;
    /** All sources with rows. */
    all(): Promise<readonly SourceState[]>;
  };
  readonly ingestions: {
    get(id: string): Promise<Ingestion | undefined>;
    byContent(source: string, sha256: string): Promise<Ingestion | undefined>;
    /** Newest first. */
    list(source: string | undefined, page: PageRequest): Promise<Page<Ingestion>>;
    /** Segments of a source whose rows arrived up to `arrival`, in the order of arrival. @throws {ExhaustedError} past `SEGMENTS_MAX`. */
    segments(source: string, arrival: bigint): Promise<readonly Segment[]>;
  };
  readonly trainingSets: {
    get(id: string): Promise<TrainingSet | undefined>;
    /** Newest first. */
    list(page: PageRequest): Promise<Page<TrainingSet>>;
  };
  readonly views: {
    get(view: string): Promise<ViewState | undefined>;
    all(): Promise<readonly ViewState[]>;
  };
  readonly scoringSets: {
    get(id: string): Promise<ScoringSet | undefined>;
    /** Newest first. @param consumer undefined for all. */
    list(consumer: string | undefined, page: PageRequest): Promise<Page<ScoringSet>>;
  };
  readonly positions: {
    get(consumer: string, source: string): Promise<ConsumerPosition | undefined>;
    /** In the order of consumer and source. @param consumer undefined for all. */
    list(consumer: string | undefined, page: PageRequest): Promise<Page<ConsumerPosition>>;
  };
  readonly predictions: {
    table(name: string): Promise<PredictionTable | undefined>;
    /** In the order of their names. */
    tables(page: PageRequest): Promise<Page<PredictionTable>>;
    /** What the online store may hold of a table, in the order of the versions. */
    versions(table: string): Promise<readonly PredictionVersion[]>;
    isLoaded(table: string, manifestUri: string): Promise<boolean>;
  };
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface FeatureTransaction extends FeatureReads {
  /** The time of every change of this transaction. */
  readonly now: Micros;
  /** Until the transaction ends, whoever else locks this workspace waits. Every change of repository, rows and views begins with it. */
  lock(): Promise<void>;
  readonly repositories: FeatureReads['repositories'] & { insert(applied: AppliedRepository): Promise<void> };
  readonly sources: FeatureReads['sources'] & { put(state: SourceState): Promise<void> };
  readonly ingestions: FeatureReads['ingestions'] & { insert(ingestion: Ingestion): Promise<void> };
  readonly trainingSets: FeatureReads['trainingSets'] & { insert(trainingSet: TrainingSet): Promise<void> };
  readonly views: FeatureReads['views'] & {
    put(state: ViewState): Promise<void>;
    delete(view: string): Promise<void>;
  };
  readonly scoringSets: FeatureReads['scoringSets'] & {
    insert(set: ScoringSet): Promise<void>;
    markCommitted(id: string, commit: NonNullable<ScoringSet['commit']>): Promise<void>;
  };
  readonly positions: FeatureReads['positions'] & { put(position: ConsumerPosition): Promise<void> };
  readonly predictions: FeatureReads['predictions'] & {
    putTable(table: PredictionTable): Promise<void>;
    putVersion(version: PredictionVersion): Promise<void>;
    deleteVersion(table: string, version: bigint): Promise<void>;
    /** Remembers a manifest for good. */
    addLoaded(table: string, manifestUri: string, version: bigint): Promise<void>;
  };
  readonly blobs: BlobClaims;
  readonly events: { add(fact: FeatureFact): void };
  readonly audit: { add(entry: AuditEntry): void };
  /**
   * Runs `work` once per principal, method and request id: a repeat gets the first answer and changes nothing.
   * @param requestId chosen by the caller; empty for none, and `work` always runs.
   * @throws {InvalidArgumentError} reason REQUEST_ID_REUSED when the id came with another request.
   */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface AuditEntry {
  /** E.g. `features.rows.ingest`. */
  readonly action: string;
  /** E.g. `sources/flights`. */
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/**
 * Who still needs a stored file. A claim is made before the file is written and stays; the sweeper deletes a file only while it holds its claim,
 * found old, and nothing names the file: whoever reuses the file renews the claim first and so waits for the sweeper or stops it.
 */
export interface BlobClaims {
  /** Makes or renews claims; in the order of their names, so that two who claim never wait for each other in a circle. */
  claim(digests: readonly string[]): Promise<void>;
  /** Keeps the sweeper out until this transaction ends. @returns whether all of them are claimed. */
  hold(digests: readonly string[]): Promise<boolean>;
}

export interface BlobRef {
  readonly workspace: string;
  readonly sha256: string;
}

/** What the sweeper asks of the state; across all workspaces. */
export interface BlobLedger {
  /** Claims older than `before` whose file nothing names, oldest first, at most `limit`. */
  unused(before: Micros, limit: number): Promise<readonly BlobRef[]>;
  /**
   * Takes the claim exclusively, checks again that it is older than `before` and that nothing names the file, runs `remove`, drops the claim.
   * @returns whether it was removed. When `remove` fails the claim stays, so that it is tried again.
   */
  drop(blob: BlobRef, before: Micros, remove: () => Promise<void>): Promise<boolean>;
}

/** The state of the feature store. Every piece of work is confined to the workspace of the caller. */
export interface FeatureUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: FeatureTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Pick<Caller, 'workspace'>, work: (reads: FeatureReads) => Promise<Result>): Promise<Result>;
}
