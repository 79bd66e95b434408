/** What happened, in the words of the domain; each one becomes one published event. */
export type FeatureFact =
  | RepositoryApplied
  | RowsIngested
  | ContractViolated
  | TrainingSetCreated
  | ViewMaterialized
  | PositionCommitted
  | PredictionsLoaded;

export interface RepositoryApplied {
  readonly kind: 'repository-applied';
  readonly revision: bigint;
  readonly digest: string;
  readonly changes: readonly string[];
  readonly principal: string;
}

export interface RowsIngested {
  readonly kind: 'rows-ingested';
  readonly source: string;
  readonly ingestionId: string;
  readonly acceptedRows: bigint;
  readonly quarantinedRows: bigint;
  /** Of the newest row of the source. */
  readonly arrival: bigint;
  readonly principal: string;
}

export interface ContractViolated {
  readonly kind: 'contract-violated';
  readonly source: string;
  readonly ingestionId: string;
  readonly contractId: string;
  readonly contractVersion: string;
  readonly quarantinedRows: bigint;
  /** As `column rule rows`. */
  readonly breaches: readonly string[];
}

export interface TrainingSetCreated {
  readonly kind: 'training-set-created';
  readonly trainingSetId: string;
  readonly name: string;
  readonly rows: bigint;
  readonly features: readonly string[];
  readonly principal: string;
}

export interface ViewMaterialized {
  readonly kind: 'view-materialized';
  readonly view: string;
  readonly arrival: bigint;
  readonly stored: bigint;
}

export interface PositionCommitted {
  readonly kind: 'position-committed';
  readonly consumer: string;
  readonly source: string;
  readonly fromExclusive: bigint;
  readonly toInclusive: bigint;
  readonly scoringSetId: string;
  readonly manifestUri: string;
  readonly principal: string;
}

export interface PredictionsLoaded {
  readonly kind: 'predictions-loaded';
  readonly table: string;
  readonly version: bigint;
  readonly rows: bigint;
  readonly manifestUri: string;
}
