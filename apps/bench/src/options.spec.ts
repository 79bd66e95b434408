import { describe, expect, it } from 'vitest';
import { readBenchOptions } from './options.ts';

const KNOWN = ['infer', 'outbox'];

describe('options of the bench', () => {
  it('run all rows seven times by default, once for a smoke', () => {
    expect(readBenchOptions([], KNOWN)).toMatchObject({ rows: [], rounds: 7, smoke: false, seed: 1 });
    expect(readBenchOptions(['--smoke'], KNOWN).rounds).toBe(1);
    expect(readBenchOptions(['--smoke', '--rounds', '3'], KNOWN).rounds).toBe(3);
  });

  it('name the rows that there are when one is unknown', () => {
    expect(readBenchOptions(['--rows', 'outbox, infer'], KNOWN).rows).toEqual(['outbox', 'infer']);
    expect(() => readBenchOptions(['--rows', 'infer,disk'], KNOWN)).toThrow(
      'there is no row disk; there are infer, outbox',
    );
  });

  it.each(['0', '-1', '1.5', 'many', '1001'])('refuse %s rounds', (rounds) => {
    expect(() => readBenchOptions([`--rounds=${rounds}`], KNOWN)).toThrow('--rounds takes a whole number');
  });
});
