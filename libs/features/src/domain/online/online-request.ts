import type { FieldViolation } from '@slipway/kernel';
import type { ColumnType } from '@slipway/plugin-kit';
import { invalid } from '../errors.ts';
import type { SelectedFeature } from '../feature-selection.ts';
import type { FeatureView } from '../repository/feature-repository.ts';
import { encodeKey, type KeyValue } from './key-codec.ts';

/** Keys of the entity rows by join key; null where a row has none. */
export interface KeyColumn {
  readonly type: ColumnType;
  readonly values: readonly (KeyValue | null)[];
}

export const ENTITY_ROWS_MAX = 1_000;

/**
 * @returns how many rows are asked for.
 * @throws {InvalidArgumentError} reason JOIN_KEYS_INVALID, naming key and view.
 */
export function checkKeyColumns(
  entities: ReadonlyMap<string, KeyColumn>,
  selected: readonly SelectedFeature[],
): number {
  const violations: FieldViolation[] = [];
  const blame = (key: string, description: string) => violations.push({ field: `entities.${key}`, description });
  for (const view of new Set(selected.map((one) => one.view))) {
    for (const { name, type } of view.joinKeys) {
      const column = entities.get(name);
      if (!column) blame(name, `view '${view.name}' needs the join key '${name}'`);
      else if (column.type !== type) blame(name, `is of type ${column.type}; view '${view.name}' has it as ${type}`);
    }
  }
  const [first] = entities.values();
  const rows = first?.values.length ?? 0;
  for (const [key, { values }] of entities) {
    if (values.length !== rows)
      blame(key, `has ${values.length} rows, another column has ${rows}; all have the same length`);
  }
  if (rows < 1 || rows > ENTITY_ROWS_MAX) {
    violations.push({ field: 'entities', description: `has ${rows} rows; ask for 1 to ${ENTITY_ROWS_MAX}` });
  }
  if (violations.length > 0) throw invalid('JOIN_KEYS_INVALID', violations);
  return rows;
}

/** Keys of one view; undefined where a part of the key is null. */
export function viewKeys(
  view: FeatureView,
  entities: ReadonlyMap<string, KeyColumn>,
  rows: number,
): (Uint8Array | undefined)[] {
  const types = view.joinKeys.map(({ type }) => type);
  const columns = view.joinKeys.map(({ name }) => entities.get(name)?.values ?? []);
  return Array.from({ length: rows }, (_, row) => {
    const values: KeyValue[] = [];
    for (const column of columns) {
      const value = column[row];
      if (value === null || value === undefined) return undefined;
      values.push(value);
    }
    return encodeKey(types, values);
  });
}
