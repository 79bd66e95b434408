import { join } from 'node:path';
import type { TrainingSet__Output } from '@slipway/contracts/slipway.features.v1';
import { InvalidArgumentError, type Micros } from '@slipway/kernel';
import type { TrainingColumn, TrainingTable } from '@slipway/plugin-kit';
import { readTrainingTable } from '@slipway/training-data';
import type { LearningSet } from '@slipway/training-run';
import { TIME_COLUMN } from '../training-set/training-query.ts';
import type { TrainingSets } from '../training-set/training-sets.ts';

/** Reads columns of a training set, with the times of its rows. @throws {InvalidArgumentError} naming a column that is not there. */
export const readSet = (
  sets: TrainingSets,
  at: {
    readonly workspace: string;
    readonly id: string;
    readonly columns: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<TrainingTable> =>
  sets.withScratch(async (folder) => {
    const file = join(folder, 'set.parquet');
    await sets.fetch(at.workspace, at.id, file, at.signal);
    const columns = [...new Set([...at.columns, TIME_COLUMN])].map((name) => ({ name }));
    const { rows, columns: read } = await readTrainingTable(file, { id: at.id, columns, signal: at.signal });
    return { id: at.id, rows, columns: read }; // without the file, which is gone
  });

/** Rows between two event times, the second one left out. */
export function rowsBetween(table: TrainingTable, from: Micros | undefined, until: Micros | undefined): TrainingTable {
  const times = table.columns.find(({ name }) => name === TIME_COLUMN);
  if (times?.kind !== 'numeric')
    throw InvalidArgumentError.of('set', `the training set has no column '${TIME_COLUMN}'`);
  const [low, high] = [from === undefined ? -Infinity : Number(from), until === undefined ? Infinity : Number(until)];
  const kept: number[] = [];
  for (const [row, time] of times.values.entries()) if (time >= low && time < high) kept.push(row);
  if (kept.length === table.rows) return table;
  const columns = table.columns.map((column): TrainingColumn => {
    if (column.kind === 'numeric')
      return { ...column, values: Float64Array.from(kept, (row) => column.values[row] ?? Number.NaN) };
    return { ...column, codes: Uint32Array.from(kept, (row) => column.codes[row] ?? 0) };
  });
  return { id: table.id, rows: kept.length, columns };
}

/** What is written down of a set beside its rows: its content, and a name for people. */
export const learningSet = (table: TrainingTable, name: string): LearningSet => ({
  table,
  set: { id: table.id, name, rows: String(table.rows) } as TrainingSet__Output,
});
