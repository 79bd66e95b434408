import type { StoredRow } from '@slipway/plugin-kit';
import type { FeatureDependencies } from '../dependencies.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';
import { assertColumns, assertKeys, encodeKeys, type Columns } from './prediction-request.ts';
import type { KnownTable } from './prediction-table-cache.ts';
import { predictionRows, type PredictionTable } from './prediction-table.ts';

/** As the contract numbers them. */
export const STORED_STATUS = { STORED: 1, FALLBACK: 2, NOT_FOUND: 3 } as const;
export type StoredStatus = (typeof STORED_STATUS)[keyof typeof STORED_STATUS];

export interface PredictionsRequest {
  readonly table: string;
  readonly keys: Columns;
  /** Time that ages are reckoned at; undefined is now. */
  readonly asOf: bigint | undefined;
}

export interface PredictionsAnswer {
  /** By output, in the order of the keys; a null holds a zero. */
  readonly outputs: ReadonlyMap<string, { readonly values: readonly number[]; readonly nulls: readonly boolean[] }>;
  readonly statuses: readonly StoredStatus[];
  /** Microseconds, exact: a number where that is possible, else text. */
  readonly ages: readonly (number | string)[];
  readonly version: bigint;
}

/**
 * Stored predictions by key, all of one version. A key with a part that is null is one that nothing is known of.
 * @throws {NotFoundError} reason PREDICTION_TABLE_NOT_FOUND. @throws {InvalidArgumentError} reason PREDICTIONS_INVALID.
 * @throws {UnavailableError} when the online store cannot be reached. @throws {DataLossError} reason ONLINE_ROW_BROKEN.
 */
export async function readPredictions(
  { caller: { workspace } }: Pick<Call, 'caller'>,
  { table: name, keys, asOf }: PredictionsRequest,
  { predictionTables, online, clock }: FeatureDependencies,
  signal: AbortSignal,
): Promise<PredictionsAnswer> {
  const known = await predictionTables.get(workspace, name);
  assertKeys(name, known.table, keys);
  const count = assertColumns([...keys].map(([key, { values }]) => ({ field: `keys.${key}`, length: values.length })));
  const encoded = encodeKeys(known.table.keys, keys, count);
  const now = asOf ?? clock.now();
  const asked = encoded.filter((key) => key !== undefined);
  const read = { table: predictionRows(workspace, known.table), keys: asked };
  const [found = []] = asked.length === 0 ? [] : await online.read([read], signal);
  let at = 0;
  // No await from here on: what the store handed out lasts until the next turn.
  const rows = encoded.map((key) => (key === undefined ? undefined : found[at++]));
  return answer(known, rows, now);
}

function answer(
  { table, codec }: KnownTable,
  rows: readonly (StoredRow | undefined)[],
  now: bigint,
): PredictionsAnswer {
  const { fallback, outputs: names } = table;
  const missing = Object.keys(fallback).length > 0 ? STORED_STATUS.FALLBACK : STORED_STATUS.NOT_FOUND;
  const opened = rows.map((row) => row && codec.open(row.values));
  const outputs = names.map((name, column) => {
    const other = Object.hasOwn(fallback, name) ? fallback[name] : undefined;
    const values = opened.map((row) => {
      if (!row) return other;
      return codec.isPresent(row, column) ? codec.readNumber(row, column) : undefined;
    });
    const nulls = values.includes(undefined) ? values.map((value) => value === undefined) : [];
    return [name, { values: values.map((value) => value ?? 0), nulls }] as const;
  });
  return {
    outputs: new Map(outputs),
    statuses: rows.map((row) => (row ? STORED_STATUS.STORED : missing)),
    ages: rows.map((row) => (row ? ageOf(now - row.eventTime) : 0)),
    version: table.version,
  };
}

function ageOf(age: bigint): number | string {
  if (age <= 0n) return 0;
  const number = Number(age);
  return Number.isSafeInteger(number) ? number : age.toString();
}

/** In the order of their names. */
export const listPredictionTables = (
  { caller }: Call,
  page: PageRequest,
  { unitOfWork }: FeatureDependencies,
): Promise<Page<PredictionTable>> => unitOfWork.read(caller, ({ predictions }) => predictions.tables(page));
