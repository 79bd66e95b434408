import type { ModelSignature, Tensor } from '@slipway/plugin-kit';
import type { LoadFailure, Target } from './slot.ts';
import type { SlotKey } from './slot-key.ts';

/** A model version in memory that answers calls. */
export interface LoadedScorer {
  readonly signature: ModelSignature;
  /** `view:feature` or `request:feature` in the order of the inputs; empty when callers send all inputs. */
  readonly features: readonly string[];
  /**
   * @param inputs one tensor for each declared input, in any order. @param outputs names in the order wanted; all when undefined or empty.
   * @throws {InvalidArgumentError} when they do not fit the signature. @throws {UnavailableError} after `close`.
   */
  score(
    inputs: readonly Tensor[],
    outputs: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<readonly Tensor[]>;
  /** Waits for running calls, then releases native memory; safe to call twice. */
  close(): Promise<void>;
}

/** Which package of which model. */
export interface VersionRef {
  readonly workspace: string;
  readonly model: string;
  readonly version: bigint;
  readonly digest: string;
}

export interface VersionLoader {
  /**
   * Fetches the package, checks digests and signature, loads the graph and calls it once.
   * @throws {DomainError} `unavailable` when a repeat may succeed; any other kind when it will not.
   */
  load(version: VersionRef, signal: AbortSignal): Promise<LoadedScorer>;
}

/** A slot as it is kept. */
export interface StoredSlot {
  readonly key: SlotKey;
  readonly desired: Target;
  /** What this server answered with when it was last written down. */
  readonly actual: Target | undefined;
}

/** Durable state of the slots of one server. Each call is one transaction. */
export interface SlotStore {
  /** All slots, also those of deleted aliases: their revision keeps late events out. */
  list(signal: AbortSignal): Promise<readonly StoredSlot[]>;
  /** Keeps the target unless the stored revision is as great. @returns whether it was kept. */
  desire(key: SlotKey, target: Target): Promise<boolean>;
  /** Keeps `actual` and records the fact model.loaded with it; nothing when the stored actual target is the same. @param previous what answered before. */
  recordLoaded(key: SlotKey, actual: Target, previous: Target | undefined, loadMs: number): Promise<void>;
  /** Records the fact model.failed once for each revision and reason. @param actual what goes on answering. */
  recordFailed(key: SlotKey, desired: Target, failure: LoadFailure, actual: Target | undefined): Promise<void>;
  /** Drops slots that the configuration no longer serves. */
  forget(keys: readonly SlotKey[]): Promise<void>;
}

/** An alias as the registry has it. */
export interface RegisteredAlias {
  readonly key: SlotKey;
  readonly target: Target;
}

export interface AliasSource {
  /** Every alias of every workspace, page by page. @throws {UnavailableError} when the registry does not answer. */
  list(signal: AbortSignal): AsyncIterable<readonly RegisteredAlias[]>;
}

/** A package that is here. Nothing of it is trusted until it was verified. */
export interface OpenPackage {
  /** JSON text of the signed envelope. */
  readonly envelope: Uint8Array;
  /** It was here before, and may have been damaged since. */
  readonly fromCache: boolean;
  /** Whole content of a file. @param bytes what the manifest says; more is not read. @throws {DataLossError} when the file is missing or has another size. */
  readFile(path: string, bytes: number, signal: AbortSignal): Promise<Uint8Array>;
}

export interface PackageLibrary {
  /** @throws {UnavailableError} when it is not here and cannot be fetched now. @throws {ExhaustedError} when it is larger than allowed. */
  open(version: VersionRef, signal: AbortSignal): Promise<OpenPackage>;
  /** Forgets a package that is not what it should be. */
  evict(digest: string): Promise<void>;
}

/** What a download consists of, in this order: the envelope, then each file with its chunks. */
export type PackagePart =
  | { readonly kind: 'envelope'; readonly json: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array };

export interface PackageSource {
  /** @throws {UnavailableError} when the registry does not answer. @throws {NotFoundError} when it has no such version. */
  download(version: VersionRef, signal: AbortSignal): AsyncIterable<PackagePart>;
}
