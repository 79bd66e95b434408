/** Which features are joined to rows, and what the join sees; plain JSON. */
export interface FeatureJoinPlan {
  /** `view:feature`; may be empty. */
  readonly features: readonly string[];
  /** Column of the rows by join key, where it has another name. */
  readonly keyColumns: Readonly<Record<string, string>>;
  readonly fullFeatureNames: boolean;
  readonly createdCutoff: boolean;
  readonly repositoryRevision: string;
  /** Arrival number up to which rows of the views' sources are seen, by source. */
  readonly arrivals: Readonly<Record<string, string>>;
}
