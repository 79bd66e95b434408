import { canonicalJson, type Micros } from '@slipway/kernel';
import type { ColumnSpec, OnlineTable } from '@slipway/plugin-kit';
import { sha256Of } from '../repository/digest.ts';

/** What the rows of a table are; the same for all its versions. */
export interface PredictionSchema {
  readonly keys: readonly ColumnSpec[];
  /** All of type number. */
  readonly outputs: readonly string[];
}

/** Predictions by key, as readers see them. */
export interface PredictionTable extends PredictionSchema {
  readonly name: string;
  /** The one that is served; 0 for a table that was only written to row by row. */
  readonly version: bigint;
  /** Names its rows in the online store. */
  readonly onlineSchema: string;
  /** Where the version came from; empty for version 0. */
  readonly manifestUri: string;
  /** Rows that the load brought. */
  readonly rows: bigint;
  /** Value by output for keys without a prediction; all finite. */
  readonly fallback: Readonly<Record<string, number>>;
  readonly updateTime: Micros;
}

/**
 * Rows that the online store may hold for a table. `loading` becomes `served` or `retired`, `served` becomes `retired`; a retired version is dropped and
 * forgotten once nobody can be reading it.
 */
export interface PredictionVersion extends PredictionSchema {
  readonly table: string;
  readonly version: bigint;
  readonly onlineSchema: string;
  readonly manifestUri: string;
  readonly state: 'loading' | 'served' | 'retired';
  /** The operation that loads it; empty for version 0. */
  readonly operation: string;
  readonly updateTime: Micros;
}

/** Files to load; plain JSON, so that another process can go on with it. */
export interface PredictionLoad extends PredictionSchema {
  readonly table: string;
  readonly manifestUri: string;
  readonly files: readonly PredictionFile[];
  readonly timeColumn: string;
  readonly fallback: Readonly<Record<string, number>>;
}

export interface PredictionFile {
  /** `artifact:` and a path below the workspace. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/** Rows of one version; names of views have no slash, so the two never meet. */
export const predictionRows = (
  workspace: string,
  { name, onlineSchema }: Pick<PredictionTable, 'name' | 'onlineSchema'>,
): OnlineTable => ({ workspace, view: `predictions/${name}`, schema: onlineSchema });

/** @param operation what is left of one that broke off must not be found by another one that has the same number. */
export const onlineSchemaOf = (version: bigint, { keys, outputs }: PredictionSchema, operation: string): string =>
  `${version}-${sha256Of(canonicalJson({ keys: keys.map(({ name, type }) => [name, type]), outputs, operation })).slice(0, 16)}`;

/** Outputs as columns. */
export const outputColumns = ({ outputs }: Pick<PredictionSchema, 'outputs'>): readonly ColumnSpec[] =>
  outputs.map((name) => ({ name, type: 'number' }));

/** Whether both have the same keys and outputs, in any order. */
export function isSameSchema(left: PredictionSchema, right: PredictionSchema): boolean {
  const formOf = ({ keys, outputs }: PredictionSchema): string =>
    JSON.stringify([keys.map(({ name, type }) => `${name} ${type}`).sort(), [...outputs].sort()]);
  return formOf(left) === formOf(right);
}
