import { join } from 'node:path';
import type { Column } from '@slipway/contracts/slipway.common.v1';
import type { TrainingColumn, TrainingTable } from '@slipway/plugin-kit';
import { fetchLearningSet } from '@slipway/training-run';
import { createTrainingSet } from '../feature-store.ts';
import {
  DELAY_FEATURES,
  DELAY_VIEW,
  ENTITY_TIME,
  flightIdOf,
  KNOWN_AT,
  NUMBER,
  SCHEDULE_FEATURES,
  TARGET,
  type Period,
} from '../flights.ts';
import type { Stage } from '../stage.ts';

/** Flights of some days, each with what was known at its scheduled time, and what became of it. */
export interface FlightTable {
  readonly table: TrainingTable;
  /** See `flightIdOf`. */
  readonly numbers: Float64Array;
  readonly origins: Texts;
  /** Microseconds since 1970. */
  readonly scheduledAt: Float64Array;
  readonly knownAt: Float64Array;
  readonly late: Float64Array;
  /** Rows of each day, `YYYY-MM-DD`, in the order of the days. */
  readonly days: ReadonlyMap<string, Uint32Array>;
}

export interface Texts {
  readonly categories: readonly string[];
  readonly codes: Uint32Array;
}
export const textOf = ({ categories, codes }: Texts, row: number): string => categories[codes[row] ?? -1] ?? '';

const COLUMNS = [NUMBER, KNOWN_AT, 'origin', ...SCHEDULE_FEATURES, ...DELAY_FEATURES, TARGET];

/** Id of the flight of a row. */
export const flightIdAt = ({ numbers }: FlightTable, row: number): string => flightIdOf(numbers[row] ?? -1);

/** Joins the flights of a period to what was known at the time of each, and fetches them. */
export async function fetchFlights(stage: Stage, name: string, period: Period): Promise<FlightTable> {
  const { alice, screen, folder, signal } = stage;
  const entityRows = join(folder, `${name}-entities.parquet`);
  await stage.flights.exportEntityRows(period, stage, entityRows);
  const plan = {
    name,
    entityRows,
    features: DELAY_FEATURES.map((feature) => `${DELAY_VIEW}:${feature}`),
    leaking: false,
    requestId: `${stage.model}-set-${name}`,
  };
  const set = await stage.attempt(() => createTrainingSet(alice, plan, (text) => screen.progress(`${name}: ${text}`)));
  const at = { id: set.id, file: join(folder, `${name}.parquet`), columns: COLUMNS, timeColumn: ENTITY_TIME, signal };
  const { table } = await stage.attempt(() => fetchLearningSet(alice.features, at));
  const scheduledAt = numbersOf(table, ENTITY_TIME);
  return {
    table,
    numbers: numbersOf(table, NUMBER),
    origins: textsOf(table, 'origin'),
    scheduledAt,
    knownAt: numbersOf(table, KNOWN_AT),
    late: numbersOf(table, TARGET),
    days: rowsByDay(scheduledAt),
  };
}

const DAY_MICROS = 86_400_000_000;
export const dayOf = (micros: number): string =>
  new Date(Math.floor(micros / DAY_MICROS) * 86_400_000).toISOString().slice(0, 10);

function rowsByDay(scheduledAt: Float64Array): ReadonlyMap<string, Uint32Array> {
  const rows = new Map<number, number[]>();
  for (const [row, at] of scheduledAt.entries()) {
    const day = Math.floor(at / DAY_MICROS);
    const known = rows.get(day);
    if (known) known.push(row);
    else rows.set(day, [row]);
  }
  const days = [...rows].sort(([left], [right]) => left - right);
  return new Map(days.map(([day, of]) => [dayOf(day * DAY_MICROS), Uint32Array.from(of)]));
}

function columnOf(table: TrainingTable, name: string): TrainingColumn {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) throw new Error(`no column '${name}'`);
  return column;
}

function numbersOf(table: TrainingTable, name: string): Float64Array {
  const column = columnOf(table, name);
  if (column.kind !== 'numeric') throw new Error(`column '${name}' holds no numbers`);
  return column.values;
}

function textsOf(table: TrainingTable, name: string): Texts {
  const column = columnOf(table, name);
  if (column.kind !== 'categorical') throw new Error(`column '${name}' holds no texts`);
  return column;
}

/** Some rows of a column as a message; a number that is not known is null. */
export function messageColumn(table: TrainingTable, name: string, rows: Uint32Array): Column {
  const column = columnOf(table, name);
  if (column.kind === 'categorical') return { strings: { values: Array.from(rows, (row) => textOf(column, row)) } };
  const values = Array.from(rows, (row) => column.values[row] ?? Number.NaN);
  if (!values.some((value) => Number.isNaN(value))) return { numbers: { values } };
  return {
    nulls: values.map((value) => Number.isNaN(value)),
    numbers: { values: values.map((value) => (Number.isNaN(value) ? 0 : value)) },
  };
}
