import type { ColumnSpec } from '@slipway/plugin-kit';

/** Column of every output: the model version that scored the row. */
export const VERSION_COLUMN = 'prediction_version';
/** Columns of an error file after those that are passed through: row of the input file, why it could not be scored, and in which words. */
export const ERROR_COLUMNS = { row: 'error_row', reason: 'error_reason', description: 'error_description' } as const;

/** Some rows of one file, what to score them with, and where the result goes. All paths are absolute. */
export interface ScoringTask {
  readonly input: string;
  readonly firstRow: number;
  readonly rows: number;
  readonly model: {
    /** Folder of the package, see `packageFileName`. */
    readonly folder: string;
    readonly workspace: string;
    readonly name: string;
    readonly version: number;
    readonly digest: string;
    /** PEM. */
    readonly trustedKeys: readonly string[];
  };
  /** Column of the file for each input of the model, in the order of the inputs. */
  readonly features: readonly ColumnSpec[];
  readonly passthrough: readonly ColumnSpec[];
  /** Of the passed-through columns those that every row must have. */
  readonly required: readonly string[];
  /** Outputs of the model that are kept, each one number for each row. */
  readonly outputs: readonly string[];
  /** Rows of one call of the model. */
  readonly batchRows: number;
  /** More rows that fail than this end the attempt. */
  readonly failedRowsMax: number;
  /** Folder of this attempt alone; exists. */
  readonly folder: string;
}

export interface WrittenFile {
  /** Name in the folder of the attempt. */
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What an attempt wrote; a file that would have no rows is not there. */
export interface ScoringResult {
  readonly rows: number;
  readonly failedRows: number;
  /** Parquet: what is passed through, outputs as doubles, `prediction_version`. */
  readonly output?: WrittenFile;
  /** Parquet: what is passed through, and `ERROR_COLUMNS`. */
  readonly errors?: WrittenFile;
  /** Outputs of the scored rows once more, in the order of the rows: float64, little endian, row by row. */
  readonly values?: WrittenFile;
}
