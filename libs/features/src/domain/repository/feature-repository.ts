import type { ColumnRules, ColumnSpec, ColumnType } from '@slipway/plugin-kit';

/** One file of a repository as its author sent it. */
export interface RepositoryFile {
  readonly path: string;
  readonly content: string;
}

/** What features are about. */
export interface Entity {
  readonly name: string;
  readonly description: string;
  readonly joinKeys: readonly ColumnSpec[];
}

export interface ContractColumn extends ColumnSpec {
  readonly rules: ColumnRules;
}

/** What the rows of a source have to keep: one schema object of an ODCS document, as far as it can be checked row by row. */
export interface Contract {
  readonly id: string;
  readonly version: string;
  readonly object: string;
  readonly columns: readonly ContractColumn[];
  /** Columns that are unique together. */
  readonly uniqueKey: readonly string[];
  /** Parts of the document that are not checked row by row, each as its path and the reason. */
  readonly notEnforced: readonly string[];
}

/** Where rows come from. */
export interface Source {
  readonly name: string;
  readonly contract: Contract;
  readonly eventTime: string;
  readonly createdTime: string | undefined;
  /** Name in files by column, where it is another one. */
  readonly fileColumns: Readonly<Record<string, string>>;
}

export const AGGREGATIONS = ['mean', 'sum', 'count', 'minimum', 'maximum'] as const;

export interface Feature {
  readonly name: string;
  readonly type: ColumnType;
  /** Column of the source. */
  readonly column: string;
  /** Over the rows of the same keys that were known within the window; microseconds. */
  readonly aggregation: { readonly function: (typeof AGGREGATIONS)[number]; readonly windowMicros: number } | undefined;
}

export interface FeatureView {
  readonly name: string;
  readonly description: string;
  readonly entities: readonly string[];
  /** Of its entities in their order; columns of the source with the same names and types. */
  readonly joinKeys: readonly ColumnSpec[];
  readonly source: string;
  /** Microseconds; 0 is no limit. */
  readonly ttlMicros: number;
  readonly features: readonly Feature[];
  /** sha256 of what decides its values: source, times, keys and features, but neither age limit nor description. */
  readonly digest: string;
}

export interface FeatureService {
  readonly name: string;
  /** `view:feature`. */
  readonly features: readonly string[];
}

/** A repository as it is understood: whole, linked and in the order of names. Plain data that survives JSON. */
export interface FeatureRepository {
  readonly entities: readonly Entity[];
  readonly sources: readonly Source[];
  readonly views: readonly FeatureView[];
  readonly services: readonly FeatureService[];
}

export const EMPTY_REPOSITORY: FeatureRepository = { entities: [], sources: [], views: [], services: [] };
