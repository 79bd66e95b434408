import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '@slipway/kernel';
import type { ColumnData } from '@slipway/plugin-kit';
import type { Columns, FeatureColumn } from './feature-source.ts';
import type { PredictionPlan } from './prediction-plan.ts';

/** As the contract has it. */
export const PREDICTION_ROWS_MAX = 1_000;

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'PREDICTION_ROWS_INVALID' });

/** How many rows the columns describe. @throws {InvalidArgumentError} when that is not one number from 1 to 1000, or a key is null. */
export function countRows(entities: Columns, requestFeatures: Columns): number {
  let first: { readonly field: string; readonly rows: number } | undefined;
  for (const [group, columns] of Object.entries({ entities, request_features: requestFeatures })) {
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
  if (!first) throw refuse('entities', 'a prediction needs at least one column of keys or of request features');
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
  const known = wanted.length === 0 ? 'it takes none' : `it takes ${wanted.join(', ')}`;
  for (const name of sent.keys()) {
    if (!plan.requestFeatures.has(name))
      throw refuse(`request_features[${name}]`, `the model does not take it; ${known}`);
  }
  return new Map(
    wanted.map((name) => {
      const data = sent.get(name);
      if (!data) throw refuse(`request_features[${name}]`, `is missing; the model needs it with every call`);
      const statuses = Array.from(data.present, (present) => (present === 0 ? 'NULL_VALUE' : 'PRESENT'));
      return [name, { name: `request:${name}`, data, statuses }];
    }),
  );
}

/**
 * Names the unit of each row for joins: lower-case hex of the sha256 over a JSON object of its keys, sorted by name by UTF-16 code units,
 * without blanks; whole numbers and times (in microseconds) with all their digits. Empty texts when there are no keys.
 */
export function unitHashes(entities: Columns, rows: number): readonly string[] {
  const keys = [...entities].sort(([left], [right]) => (left < right ? -1 : 1));
  return Array.from({ length: rows }, (_, row) => {
    if (keys.length === 0) return '';
    const fields = keys.map(([name, data]) => `${JSON.stringify(name)}:${keyText(data, row)}`);
    return createHash('sha256')
      .update(`{${fields.join(',')}}`)
      .digest('hex');
  });
}

function keyText(data: ColumnData, row: number): string {
  const value = data.values[row];
  if (data.type === 'boolean') return value === 0 ? 'false' : 'true';
  return typeof value === 'bigint' ? `${value}` : JSON.stringify(value ?? null);
}
