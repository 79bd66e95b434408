import type { DuckDBConnection } from '@duckdb/node-api';
import { InvalidArgumentError } from '@slipway/kernel';
import { parquet } from './session.ts';

/** A column to read, and as what. */
export interface TrainingColumnSpec {
  readonly name: string;
  /**
   * By default `numeric` for numbers and truth values, `categorical` for texts. `time` is for dates and timestamps, which are read only when it is
   * said: as numeric, microseconds since 1970 in UTC (exact until the year 2255).
   */
  readonly kind?: 'numeric' | 'categorical' | 'time';
  /** Codes follow this order. By default the distinct values of the file, by code point. Any other value is then refused, unless `other` is set. */
  readonly categories?: readonly string[];
  /** Category for values that `categories` does not have; one of them. */
  readonly other?: string;
  /** Category for nulls: one of `categories`, or added to the distinct values. Without it a null is refused. */
  readonly nulls?: string;
}

/** A column as the file has it, its kind decided. */
export type PlannedColumn =
  | { readonly name: string; readonly kind: 'numeric' | 'time' }
  | { readonly name: string; readonly kind: 'categorical'; readonly spec: TrainingColumnSpec };

const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|BOOLEAN)$/;
const TEXTS = /^(VARCHAR|ENUM\(.*\))$/s;
const TIMES = /^(DATE|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?)$/;
const COLUMNS_MAX = 4096;

export const refuse = (field: string, description: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'TRAINING_DATA_INVALID', cause });

/**
 * What to read from the file, by its schema. Without specs: all columns of numbers, truth values and texts, in the order of the file.
 * @throws {InvalidArgumentError} TRAINING_DATA_INVALID naming the column.
 */
export async function planColumns(
  connection: DuckDBConnection,
  file: string,
  specs: readonly TrainingColumnSpec[] | undefined,
): Promise<readonly PlannedColumn[]> {
  const types = await schemaOf(connection, file);
  const wanted =
    specs ?? [...types].filter(([, type]) => NUMBERS.test(type) || TEXTS.test(type)).map(([name]) => ({ name }));
  if (wanted.length === 0) throw refuse('columns', 'is empty; name at least one column of numbers or texts');
  if (wanted.length > COLUMNS_MAX) throw refuse('columns', `has ${wanted.length} columns; ${COLUMNS_MAX} is the most`);
  if (new Set(wanted.map(({ name }) => name)).size !== wanted.length) throw refuse('columns', 'has a column twice');
  return wanted.map((spec) => planColumn(spec, types.get(spec.name)));
}

/** Types by column name. @throws {InvalidArgumentError} when the file is no Parquet. */
async function schemaOf(connection: DuckDBConnection, file: string): Promise<ReadonlyMap<string, string>> {
  const described = await connection
    .runAndReadAll(`describe select * from ${parquet(file)}`)
    .catch((error: unknown) => {
      throw refuse('file', `'${file}' is not there or is no Parquet file`, error);
    });
  return new Map(described.getRowsJS().map(([name, type]) => [name as string, type as string]));
}

function planColumn(spec: TrainingColumnSpec, type: string | undefined): PlannedColumn {
  const { name } = spec;
  const field = `columns.${name}`;
  if (type === undefined) throw refuse(field, 'is not in the file');
  if (spec.kind === 'time') return planTime(spec, type);
  const isNumber = NUMBERS.test(type);
  if (!isNumber && !TEXTS.test(type))
    throw refuse(field, `is ${type}; only numbers, truth values and texts can be read, and times as kind 'time'`);
  const kind = spec.kind ?? (isNumber ? 'numeric' : 'categorical');
  if (kind === 'categorical') {
    assertCategories(spec, field);
    return { name, kind, spec };
  }
  if (!isNumber) throw refuse(field, `is ${type} and cannot be read as numeric`);
  if (spec.categories ?? spec.other ?? spec.nulls)
    throw refuse(field, 'is numeric; categories are for categorical ones');
  return { name, kind };
}

function planTime(spec: TrainingColumnSpec, type: string): PlannedColumn {
  const { name, kind, ...others } = spec;
  if (!TIMES.test(type)) throw refuse(`columns.${name}`, `is ${type} and cannot be read as ${kind}`);
  if (others.categories ?? others.other ?? others.nulls)
    throw refuse(`columns.${name}`, 'is a time; categories are for categorical ones');
  return { name, kind: 'time' };
}

function assertCategories({ categories, other, nulls }: TrainingColumnSpec, field: string): void {
  if (!categories) {
    if (other !== undefined) throw refuse(field, 'has `other` but no `categories`: no value of the file is another');
    if (nulls?.isWellFormed() === false) throw refuse(field, 'has a category that is not valid Unicode');
    return;
  }
  if (categories.length === 0) throw refuse(field, 'has an empty list of categories');
  if (!categories.every((category) => category.isWellFormed())) {
    throw refuse(field, 'has a category that is not valid Unicode');
  }
  if (new Set(categories).size !== categories.length) throw refuse(field, 'has a category twice');
  for (const [option, category] of [['other', other], ['nulls', nulls]] as const) {
    if (category !== undefined && !categories.includes(category)) {
      throw refuse(field, `\`${option}\` is '${category}', which is not among its categories`);
    }
  } // prettier-ignore
}
