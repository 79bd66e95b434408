import type { BenchRow, Result, RowContext } from './bench-row.ts';
import { randomRows } from './measure/random-rows.ts';
import type { BenchOptions } from './options.ts';

export interface BenchOutcome {
  readonly results: readonly Result[];
  readonly notes: readonly string[];
}

/** Runs the rows that were asked for, one after the other. @throws the error of the first row that fails. */
export async function runBench(
  rows: readonly BenchRow[],
  options: BenchOptions,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<BenchOutcome> {
  const results: Result[] = [];
  const notes: string[] = [];
  for (const row of rows) {
    if (options.rows.length > 0 && !options.rows.includes(row.name)) continue;
    signal.throwIfAborted();
    const context: RowContext = {
      options,
      signal,
      random: randomRows(options.seed),
      note: (text) => void notes.push(`${row.name}: ${text}`),
      progress: (text) => say(`${row.name}: ${text}`),
    };
    context.progress(row.title);
    results.push(...(await row.run(context)));
  }
  return { results, notes };
}
