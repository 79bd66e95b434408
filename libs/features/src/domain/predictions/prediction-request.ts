import type { FieldViolation } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import { invalid } from '../errors.ts';
import { didYouMean } from '../near-names.ts';
import { encodeKey, type KeyValue } from '../online/key-codec.ts';
import type { KeyColumn } from '../online/online-request.ts';
import type { PredictionLoad, PredictionSchema } from './prediction-table.ts';

export const PREDICTION_ROWS_MAX = 1_000;

export type Columns = ReadonlyMap<string, KeyColumn>;

/** Names of a table that come together once. @throws {InvalidArgumentError} reason PREDICTIONS_INVALID, every problem with field and fix. */
export function assertLoad({ keys, outputs, timeColumn, fallback, files }: PredictionLoad): void {
  const violations: FieldViolation[] = [];
  const owners = new Map<string, string>();
  const claim = (field: string, name: string, what: string): void => {
    if (name === '') violations.push({ field, description: `name the column of the ${what}` });
    const owner = owners.get(name.toLowerCase());
    if (owner !== undefined) violations.push({ field, description: `'${name}' is ${owner} already; name it once` });
    owners.set(name.toLowerCase(), `the ${what}`);
  };
  keys.forEach(({ name }, index) => claim(`keys[${index}].name`, name, 'key'));
  outputs.forEach((name, index) => claim(`outputs[${index}]`, name, 'output'));
  if (!keys.some(({ name, type }) => name === timeColumn && type === 'timestamp'))
    claim('time_column', timeColumn, 'time');
  for (const [name, value] of Object.entries(fallback)) {
    const field = `fallback.${name}`;
    if (!outputs.includes(name))
      violations.push({ field, description: `there is no output '${name}'${didYouMean(name, outputs)}` });
    if (!Number.isFinite(value)) violations.push({ field, description: `is ${value}; give a finite number` });
  }
  files.forEach(({ uri, sha256 }, index) => {
    if (!/^[0-9a-f]{64}$/.test(sha256))
      violations.push({ field: `files[${index}].sha256`, description: 'must be 64 lower-case hex digits' });
    if (!uri.startsWith('artifact:'))
      violations.push({ field: `files[${index}].uri`, description: `must be 'artifact:' and a path of the workspace` });
  });
  refuse(violations);
}

/** @returns how many rows there are. @throws {InvalidArgumentError} reason PREDICTIONS_INVALID. */
export function assertColumns(columns: readonly { readonly field: string; readonly length: number }[]): number {
  const rows = columns[0]?.length ?? 0;
  const violations = columns
    .filter(({ length }) => length !== rows)
    .map(({ field, length }) => ({
      field,
      description: `has ${length} rows, '${columns[0]?.field}' has ${rows}; all have the same length`,
    }));
  if (rows < 1 || rows > PREDICTION_ROWS_MAX)
    violations.push({ field: 'keys', description: `has ${rows} rows; give 1 to ${PREDICTION_ROWS_MAX}` });
  refuse(violations);
  return rows;
}

/** @throws {InvalidArgumentError} reason PREDICTIONS_INVALID, naming each key that is missing, unknown or of another type. */
export function assertKeys(name: string, { keys }: PredictionSchema, given: Columns): void {
  const wrong = keys.flatMap(({ name: key, type }) => {
    const field = `keys.${key}`;
    const column = given.get(key);
    if (!column) return [{ field, description: `table '${name}' has key '${key}' of type ${type}; give it` }];
    if (column.type === type) return [];
    return [{ field, description: `is of type ${column.type}; table '${name}' has it as ${type}` }];
  });
  const known = keys.map((key) => key.name);
  refuse([...wrong, ...unknown(name, 'keys', 'key', [...given.keys()], known)]);
}

/** @throws {InvalidArgumentError} reason PREDICTIONS_INVALID, naming each output that is missing, unknown or no number. */
export function assertOutputs(name: string, { outputs }: PredictionSchema, given: Columns): void {
  const missing = outputs
    .filter((output) => !given.has(output))
    .map((output) => ({ field: `outputs.${output}`, description: `table '${name}' has output '${output}'; give it` }));
  refuse([...missing, ...unknown(name, 'outputs', 'output', [...given.keys()], outputs)]);
}

/** @throws {InvalidArgumentError} reason PREDICTIONS_INVALID on an output that is no number and on a key without a value. */
export function assertValues(keys: Columns, outputs: Columns): void {
  const violations: FieldViolation[] = [];
  for (const [key, { values }] of keys) {
    const row = values.indexOf(null);
    if (row >= 0)
      violations.push({ field: `keys.${key}`, description: `has no value in row ${row}; leave that row out` });
  }
  for (const [output, { type }] of outputs) {
    if (type !== 'number')
      violations.push({ field: `outputs.${output}`, description: `is of type ${type}; give numbers` });
  }
  refuse(violations);
}

/** Bytes of each key; undefined where a part of it is null. */
export function encodeKeys(keys: readonly ColumnSpec[], given: Columns, rows: number): (Uint8Array | undefined)[] {
  const types = keys.map(({ type }) => type);
  const columns = keys.map(({ name }) => given.get(name)?.values ?? []);
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

const unknown = (
  table: string,
  field: string,
  what: string,
  given: readonly string[],
  known: readonly string[],
): FieldViolation[] =>
  given
    .filter((name) => !known.includes(name))
    .map((name) => ({
      field: `${field}.${name}`,
      description: `table '${table}' has no ${what} '${name}'${didYouMean(name, known)}`,
    }));

function refuse(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalid('PREDICTIONS_INVALID', violations.slice(0, 100));
}
