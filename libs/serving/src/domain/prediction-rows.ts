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

/** The features that the caller sent, by name. @throws {InvalidArgumentError} on a missing one and on one the model does not take. */
export function readRequestFeatures(plan: PredictionPlan, sent: Columns): ReadonlyMap<string, FeatureColumn> {
  const wanted = [...plan.requestFeatures];
  assertKnown('request_features', sent, wanted);
  return new Map(
    wanted.map((name) => {
      const data = sent.get(name);
      const field = `request_features[${name}]`;
      if (!data) throw refuse(field, `is missing; the model needs it with every call`);
      return [name, sentColumn(`request:${name}`, data, field)];
    }),
  );
}

/** Features of the store that the caller has already, by `view:feature`. @throws {InvalidArgumentError} on one the model does not take. */
export function readGivenFeatures(plan: PredictionPlan, given: Columns): ReadonlyMap<string, FeatureColumn> {
  assertKnown('features', given, plan.storeFeatures);
  return new Map([...given].map(([name, data]) => [name, sentColumn(name, data, `features[${name}]`)]));
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
