import { InvalidArgumentError } from '@slipway/kernel';
import type { ColumnData } from '@slipway/plugin-kit';
import type { Columns, FeatureColumn } from './feature-source.ts';
import type { PredictionPlan } from '@slipway/scoring';

/** As the contract has it. */
export const PREDICTION_ROWS_MAX = 1_000;

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'PREDICTION_ROWS_INVALID' });

const NONE: Columns = new Map();

/** How many rows the columns describe. @throws {InvalidArgumentError} when that is not one number from 1 to 1000, or a key is null. */
export function countRows(entities: Columns, requestFeatures: Columns, given: Columns = NONE): number {
  let first: { readonly field: string; readonly rows: number } | undefined;
  for (const [group, columns] of Object.entries({ entities, request_features: requestFeatures, features: given })) {
    for (const [name, { values }] of columns) {
      const field = `${group}[${name}]`;
      first ??= { field, rows: values.length };
      if (values.length !== first.rows) {
        throw refuse(
          field,
          `has ${values.length} values and ${first.field} has ${first.rows}; each column holds one value per row`,
        );
      }
    }
  }
  if (!first) throw refuse('entities', 'a prediction needs at least one column of keys or of features');
  if (first.rows < 1 || first.rows > PREDICTION_ROWS_MAX) {
    throw refuse(
      first.field,
      `holds ${first.rows} rows; send 1 to ${PREDICTION_ROWS_MAX}, more of them in several calls`,
    );
  }
  for (const [name, { present }] of entities) {
    const row = present.indexOf(0);
    if (row >= 0) throw refuse(`entities[${name}]`, `row ${row} is null; every row has its key`);
  }
  return first.rows;
}

/** What a call brought: features that only the caller knows, and those of the store that it has already. */
export interface SentFeatures {
  readonly requestFeatures: Columns;
  readonly given?: Columns;
}

/**
 * The features that the caller sent, by reference: `request:feature` or `view:feature`.
 * @throws {InvalidArgumentError} when one is missing that only the caller can know.
 */
export function readSentFeatures(plan: PredictionPlan, sent: SentFeatures): ReadonlyMap<string, FeatureColumn> {
  const missing = [...plan.requestFeatures].find((name) => !sent.requestFeatures.has(name));
  if (missing !== undefined)
    throw refuse(`request_features[${missing}]`, 'is missing; the model needs it with every call');
  return sentColumns(sent);
}

/** All that a call brought, whatever a model takes of it. */
export function sentColumns({ requestFeatures, given = NONE }: SentFeatures): Map<string, FeatureColumn> {
  const requested = [...requestFeatures].map(([name, data]) =>
    sentColumn(`request:${name}`, data, `request_features[${name}]`),
  );
  const had = [...given].map(([name, data]) => sentColumn(name, data, `features[${name}]`));
  return new Map([...requested, ...had].map((column) => [column.name, column]));
}

/**
 * For a caller that named a model; one that named an objective cannot know what the model takes that answers.
 * @throws {InvalidArgumentError} on a feature the model does not take.
 */
export function assertTaken(plan: PredictionPlan, { requestFeatures, given = NONE }: SentFeatures): void {
  assertKnown('request_features', requestFeatures, [...plan.requestFeatures]);
  assertKnown('features', given, plan.storeFeatures);
}

/** Ids that the caller gives its rows; undefined when it gives none. @throws {InvalidArgumentError} when they are not one of its own for each row. */
export function readPredictionIds(ids: readonly string[], rows: number): readonly string[] | undefined {
  if (ids.length === 0) return undefined;
  if (ids.length !== rows) {
    throw refuse('prediction_ids', `has ${ids.length} ids for ${rows} rows; send one for each row, or none`);
  }
  const empty = ids.indexOf('');
  if (empty >= 0) throw refuse(`prediction_ids[${empty}]`, 'is empty; each row has its id');
  if (new Set(ids).size < rows) {
    const twice = ids.findIndex((id, row) => ids.indexOf(id) < row);
    throw refuse(`prediction_ids[${twice}]`, 'is the id of an earlier row of the call; each row has its own');
  }
  return ids;
}

function assertKnown(group: string, sent: Columns, wanted: readonly string[]): void {
  const known = wanted.length === 0 ? 'it takes none' : `it takes ${wanted.join(', ')}`;
  for (const name of sent.keys()) {
    if (!wanted.includes(name)) throw refuse(`${group}[${name}]`, `the model does not take it; ${known}`);
  }
}

function sentColumn(name: string, data: ColumnData, field: string): FeatureColumn {
  const statuses = Array.from(data.present, (present) => (present === 0 ? 'NULL_VALUE' : 'PRESENT'));
  return { name, data, statuses, field };
}
