import type { BenchRow, Result, RowContext } from './bench-row.ts';
import { randomRows } from './measure/random-rows.ts';
import type { BenchOptions } from './options.ts';

export interface BenchOutcome {
  readonly results: readonly Result[];
  readonly notes: readonly string[];
  /** Rows that could not be measured, with the error. */
  readonly failures: readonly string[];
}

/** Runs the rows that were asked for, one after the other; one that fails leaves the others their results. @throws the signal's reason. */
export async function runBench(
  rows: readonly BenchRow[],
  options: BenchOptions,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<BenchOutcome> {
  const results: Result[] = [];
  const notes: string[] = [];
  const failures: string[] = [];
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
    try {
      results.push(...(await row.run(context)));
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${row.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  return { results, notes, failures };
}
