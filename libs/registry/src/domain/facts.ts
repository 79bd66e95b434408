/** What happened, in the words of the domain; each one becomes one published event with the model as its key. */
export type RegistryFact = ModelChanged | VersionCreated | VersionDeleted | AliasMoved | ApprovalGiven;

export interface ModelChanged {
  readonly kind: 'model-changed';
  readonly model: string;
  readonly deleted: boolean;
}

export interface VersionCreated {
  readonly kind: 'version-created';
  readonly model: string;
  readonly version: bigint;
  readonly digest: string;
  readonly runId: string;
  readonly trainingSetId: string;
  readonly principal: string;
}

export interface VersionDeleted {
  readonly kind: 'version-deleted';
  readonly model: string;
  readonly version: bigint;
  readonly principal: string;
}

export interface AliasMoved {
  readonly kind: 'alias-moved';
  readonly model: string;
  readonly alias: string;
  /** Undefined when the alias was deleted. */
  readonly version: bigint | undefined;
  /** Undefined when the alias is new. */
  readonly previousVersion: bigint | undefined;
  /** Of the version's package; empty when the alias was deleted. */
  readonly digest: string;
  readonly revision: bigint;
  readonly principal: string;
  readonly rolledBack: boolean;
}

export interface ApprovalGiven {
  readonly kind: 'approval-granted' | 'approval-rejected';
  readonly model: string;
  readonly version: bigint;
  readonly alias: string;
  readonly digest: string;
  readonly principal: string;
  readonly comment: string;
}
