import { unitHasher, type UnitKey } from '@slipway/assignments';
import { unitsInvalid } from './errors.ts';
import { UNITS_MAX } from './limits.ts';

/** One key of all units; decimals have more than one text, so they are no keys. */
export interface UnitColumn {
  readonly type: 'string' | 'integer' | 'timestamp' | 'boolean' | 'number';
  /** Null where the unit has none. */
  readonly values: readonly UnitKey[];
}

/** Hashes of units, in their order. @throws {InvalidArgumentError} when the columns are not those of the objective. */
export function hashUnits(unitKeys: readonly string[], columns: ReadonlyMap<string, UnitColumn>): readonly string[] {
  for (const name of columns.keys()) {
    if (!unitKeys.includes(name)) {
      throw unitsInvalid(`units[${name}]`, `is no key of the objective; its keys are ${unitKeys.join(', ')}`);
    }
  }
  const ordered = unitKeys.map((name) => readColumn(name, columns.get(name)));
  const rows = ordered[0]?.length ?? 0;
  for (const [index, values] of ordered.entries()) {
    const field = `units[${unitKeys[index]}]`;
    if (values.length !== rows)
      throw unitsInvalid(field, `has ${values.length} values and units[${unitKeys[0]}] ${rows}`);
    const empty = values.indexOf(null);
    if (empty >= 0) throw unitsInvalid(field, `unit ${empty} is null; every unit has all keys`);
  }
  if (rows < 1 || rows > UNITS_MAX) {
    throw unitsInvalid(`units[${unitKeys[0]}]`, `holds ${rows} units; send 1 to ${UNITS_MAX}, more in several calls`);
  }
  const hash = unitHasher(unitKeys);
  return Array.from({ length: rows }, (_, row) => hash(ordered.map((values) => values[row] ?? null)));
}

function readColumn(name: string, column: UnitColumn | undefined): readonly UnitKey[] {
  if (!column) throw unitsInvalid(`units[${name}]`, 'is missing; a unit has all keys of the objective');
  if (column.type === 'number') {
    throw unitsInvalid(`units[${name}]`, 'holds decimal numbers; send integers, strings, booleans or timestamps');
  }
  return column.values;
}
