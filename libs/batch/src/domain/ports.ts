import type { ColumnSpec, ModelSignature } from '@slipway/plugin-kit';
import type { StoredFile } from './partition.ts';

/** What a call of another service needs to know of ours. */
export interface Outgoing {
  readonly workspace: string;
  readonly signal: AbortSignal;
}

export interface RegisteredVersion {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  /** `view:feature` or `request:feature`, in the order of the inputs. */
  readonly features: readonly string[];
  readonly signature: ModelSignature;
}

/** A model package as it arrives: the envelope, then each file's path and its chunks. */
export type PackagePart =
  | { readonly kind: 'envelope'; readonly json: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array };

export interface ModelRegistry {
  /** @param version 0 for the one of the alias. @throws {NotFoundError} */
  resolve(model: string, alias: string, version: number, call: Outgoing): Promise<RegisteredVersion>;
  download(model: string, version: number, call: Outgoing): AsyncIterable<PackagePart>;
}

export interface SourceColumns {
  readonly columns: readonly ColumnSpec[];
  readonly eventTimeColumn: string;
}

/** A scoring set of the feature store. */
export interface ScoringSet {
  readonly id: string;
  readonly contentSha256: string;
  readonly fromExclusive: bigint;
  readonly toInclusive: bigint;
  readonly rows: number;
  readonly columns: readonly ColumnSpec[];
  readonly files: readonly StoredFile[];
}

export interface LoadRequest {
  readonly table: string;
  readonly manifestUri: string;
  readonly files: readonly StoredFile[];
  readonly keys: readonly ColumnSpec[];
  readonly outputs: readonly string[];
  readonly timeColumn: string;
  readonly fallback: Readonly<Record<string, number>>;
  readonly requestId: string;
}

/** The feature store as scoring jobs see it. What takes long ends with its operation there, and fails as that did. */
export interface FeatureSets {
  /** @returns undefined when the repository in force has no such source. */
  source(name: string, call: Outgoing): Promise<SourceColumns | undefined>;
  createScoringSet(
    request: {
      readonly consumer: string;
      readonly source: string;
      readonly features: readonly string[];
      readonly from: bigint | undefined;
      readonly until: bigint | undefined;
      readonly requestId: string;
    },
    call: Outgoing,
  ): Promise<ScoringSet>;
  /** Idempotent. @throws {ConflictError} when the consumer is no longer where the set began. */
  commit(scoringSet: string, manifestUri: string, call: Outgoing): Promise<void>;
  /** Idempotent by the manifest. */
  load(request: LoadRequest, call: Outgoing): Promise<void>;
}

/** A stored file as a file of this machine; it stays where it is until `release`. */
export interface HeldFile {
  readonly path: string;
  release(): void;
}

/** Files of scoring jobs: in the artifact store, and on this machine while they are worked with. */
export interface JobFiles {
  /** Input rows, checked against size and digest. @throws {DataLossError} INPUT_REPLACED. @throws {ExhaustedError} SCRATCH_FULL. */
  holdInput(workspace: string, file: StoredFile, signal: AbortSignal): Promise<HeldFile>;
  /** The package of a version in a folder of its own; fetched once. */
  holdPackage(digest: string, parts: () => AsyncIterable<PackagePart>, signal: AbortSignal): Promise<HeldFile>;
  /** A new folder for one attempt; whoever asks discards it. */
  newFolder(attempt: string): Promise<string>;
  discard(folder: string): Promise<void>;
  /** Copies a file of this machine to `workspace/batch/jobs/<job>/<name>`, replacing what is there. @returns its URI. */
  store(
    workspace: string,
    job: string,
    name: string,
    file: { readonly path: string; readonly bytes: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<string>;
  /** Checks bytes and digest while streaming: the last chunk comes only when all is right. @throws {DataLossError} OUTPUT_LOST. */
  read(file: Pick<StoredFile, 'uri' | 'bytes' | 'sha256'>, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Removes one stored file; one that is not there is fine. */
  remove(uri: string, signal: AbortSignal): Promise<void>;
  /** Writes a manifest unless there is one. @returns what is there now, ours or another's. */
  publish(manifest: ManifestPlace, content: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Removes the files of a job but those named. @returns how many. */
  sweep(workspace: string, job: string, keep: ReadonlySet<string>, signal: AbortSignal): Promise<number>;
  manifestUri(place: ManifestPlace): string;
}

/** Whoever writes first here has published the rows from this position on. */
export interface ManifestPlace {
  readonly workspace: string;
  readonly consumer: string;
  readonly source: string;
  readonly fromExclusive: bigint;
}
