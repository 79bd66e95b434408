import type { Caller, Micros } from '@slipway/kernel';
import type { Envelope } from '@slipway/model-package';
import type { GateEvaluation } from '@slipway/plugin-kit';
import type { Alias, AliasMove, LiveAlias } from './alias.ts';
import type { AliasPolicy } from './alias-policy.ts';
import type { Approval } from './approval.ts';
import type { Evaluation } from './evaluation.ts';
import type { RegistryFact } from './facts.ts';
import type { ModelStage, ModelVersion } from './model-version.ts';
import type { Order, Page, PageRequest } from './paging.ts';
import type { RegisteredModel } from './registered-model.ts';
import type { RegistrySearch } from './search/registry-search.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

export type ModelOrder = Order<'name' | 'create_time'>;

export interface ModelReader {
  /** What is left of a deleted model is found too: see `deleted`. */
  get(name: string): Promise<RegisteredModel | undefined>;
  list(order: ModelOrder, page: PageRequest): Promise<Page<RegisteredModel>>;
  /** Without deleted ones. A page may be short, even empty, and have a token: a call looks at so many rows only. */
  search(search: RegistrySearch<RegisteredModel>, page: PageRequest): Promise<Page<RegisteredModel>>;
}

export interface VersionReader {
  get(model: string, version: bigint): Promise<ModelVersion | undefined>;
  /** The signed manifest as it was stored. */
  envelope(model: string, version: bigint): Promise<Envelope | undefined>;
  list(model: string, descending: boolean, page: PageRequest): Promise<Page<ModelVersion>>;
  /** Of all models; pages as of `ModelReader.search`. */
  search(search: RegistrySearch<ModelVersion>, page: PageRequest): Promise<Page<ModelVersion>>;
}

export interface AliasReader {
  /** What is left of a deleted alias is found too: see `version`. */
  get(model: string, alias: string): Promise<Alias | undefined>;
  /** Aliases of these models that name a version, by model and name. */
  ofModels(models: readonly string[]): Promise<readonly LiveAlias[]>;
  /** Aliases that name a version, by (workspace,) model and name. */
  list(filter: { model: string | undefined; allWorkspaces: boolean }, page: PageRequest): Promise<Page<LiveAlias>>;
}

/** Reads of one workspace, at one moment where the database can give that. */
export interface RegistryReads {
  readonly models: ModelReader;
  readonly versions: VersionReader;
  readonly aliases: AliasReader;
  readonly moves: {
    /** Newest first. */
    list(model: string, alias: string, page: PageRequest): Promise<Page<AliasMove>>;
  };
  readonly policies: { get(model: string, alias: string): Promise<AliasPolicy | undefined> };
  readonly evaluations: {
    /** Newest first. */
    list(model: string, version: bigint, page: PageRequest): Promise<Page<Evaluation>>;
    /** The newest value of each metric and dataset. */
    newest(model: string, version: bigint): Promise<readonly GateEvaluation[]>;
  };
  readonly approvals: {
    /** Newest first. */
    list(model: string, version: bigint, page: PageRequest): Promise<Page<Approval>>;
    /** All decisions about a version and alias, in order. */
    about(model: string, version: bigint, alias: string): Promise<readonly Approval[]>;
  };
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface RegistryTransaction extends RegistryReads {
  /** The time of every change of this transaction. */
  readonly now: Micros;
  readonly models: ModelReader & {
    /** As `get`; whoever else locks this model waits until this transaction ends. Every change below a model begins with it. */
    lock(name: string): Promise<RegisteredModel | undefined>;
    /** @throws {AlreadyExistsError} when somebody else inserted it first. */
    insert(model: RegisteredModel): Promise<void>;
    update(model: RegisteredModel): Promise<void>;
    /** Puts all that belongs to a model below another one that has nothing yet; of aliases, revisions without a version stay behind. */
    moveRows(from: string, to: string): Promise<void>;
  };
  readonly versions: VersionReader & {
    /** @param envelope absent for a version without a package. */
    insert(version: ModelVersion, envelope: Envelope | undefined): Promise<void>;
    /** Stores description, tags, stage and update time; the rest is fixed. */
    update(version: ModelVersion): Promise<void>;
    /** Another envelope for a version, whose approvals stay: the files are what they were. */
    reseal(sealed: ResealedVersion, envelope: Envelope): Promise<void>;
    /** Archives the versions of a model that are in a stage. */
    archive(which: { model: string; stage: ModelStage; except: bigint }): Promise<void>;
    /** With its evaluations and approvals. */
    delete(model: string, version: bigint): Promise<void>;
    /** All versions of a model, with what belongs to them. */
    deleteAll(model: string): Promise<void>;
  };
  readonly aliases: AliasReader & { put(alias: Alias): Promise<void> };
  readonly moves: RegistryReads['moves'] & { add(move: AliasMove): Promise<void> };
  readonly policies: RegistryReads['policies'] & {
    put(policy: AliasPolicy): Promise<void>;
    deleteAll(model: string): Promise<void>;
  };
  readonly evaluations: RegistryReads['evaluations'] & { add(evaluation: Evaluation): Promise<void> };
  readonly approvals: RegistryReads['approvals'] & { add(approval: Approval): Promise<void> };
  readonly blobs: BlobClaims;
  readonly events: { add(fact: RegistryFact): void };
  readonly audit: { add(entry: AuditEntry): void };
  /**
   * Runs `work` once per principal, method and request id: a repeat gets the first answer and changes nothing.
   * @param requestId chosen by the caller; empty for none, and `work` always runs.
   * @param request what makes two requests the same, compared by value.
   * @param work its answer is plain data (bigint too), at most 1 MiB as JSON.
   * @throws {InvalidArgumentError} reason REQUEST_ID_REUSED when the id came with another request.
   */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface ResealedVersion {
  readonly model: string;
  readonly version: bigint;
  readonly formerDigest: string;
  readonly digest: string;
  readonly signingKeyId: string;
}

export interface AuditEntry {
  /** E.g. `registry.aliases.move`. */
  readonly action: string;
  /** E.g. `models/flights/aliases/champion`. */
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/**
 * Who still needs a stored file of a package. A claim is made before the file is written and stays; the sweeper deletes a file only while it
 * holds its claim, found old, and no version names it: an upload that reuses the file renews the claim first and so waits for the sweeper or stops it.
 */
export interface BlobClaims {
  /** Makes or renews claims. @param digests lower-case hex sha256. */
  claim(digests: readonly string[]): Promise<void>;
  /** Keeps the sweeper out until this transaction ends. @returns whether all of them are claimed. */
  hold(digests: readonly string[]): Promise<boolean>;
  /** Renews the claims of a version's files, or of all versions of a model, so that downloads under way can end. */
  renew(model: string, version?: bigint): Promise<void>;
}

/** The state of the registry. Every piece of work is confined to the workspace of the caller. */
export interface RegistryUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: RegistryTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Caller, work: (reads: RegistryReads) => Promise<Result>): Promise<Result>;
}
