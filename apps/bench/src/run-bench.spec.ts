import { describe, expect, it } from 'vitest';
import type { BenchRow, Result } from './bench-row.ts';
import { readBenchOptions } from './options.ts';
import { runBench } from './run-bench.ts';

const { signal } = new AbortController();
const result: Result = { work: 'work', unit: 'us', ours: { median: 1, min: 1, max: 1 } };
const row = (name: string, run: BenchRow['run']): BenchRow => ({ name, title: name, run });
const ROWS = [
  row('a', async ({ note }) => {
    note('something is not here');
    return [result];
  }),
  row('b', () => Promise.reject(new Error('no server'))),
  row('c', async () => [{ ...result, work: 'other work' }]),
];
const options = (...argv: string[]) => readBenchOptions(argv, ['a', 'b', 'c']);

describe('a run of the bench', () => {
  it('keeps the results of the other rows when one fails', async () => {
    const outcome = await runBench(ROWS, options(), signal, () => undefined);
    expect(outcome.results.map(({ work }) => work)).toEqual(['work', 'other work']);
    expect(outcome.notes).toEqual(['a: something is not here']);
    expect(outcome.failures).toEqual([expect.stringContaining('b: Error: no server')]);
  });

  it('runs only the rows that were asked for', async () => {
    const outcome = await runBench(ROWS, options('--rows', 'c'), signal, () => undefined);
    expect(outcome.results.map(({ work }) => work)).toEqual(['other work']);
    expect(outcome.failures).toEqual([]);
  });

  it('ends when it is interrupted', async () => {
    const stop = new AbortController();
    const stopping = row('a', async () => {
      stop.abort(new Error('interrupted'));
      return [];
    });
    await expect(runBench([stopping, ...ROWS], options(), stop.signal, () => undefined)).rejects.toThrow('interrupted');
  });
});
