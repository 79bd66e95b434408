import { describe, expect, it } from 'vitest';
import type { Result } from '../bench-row.ts';
import { describeMisses, describeResults } from './table.ts';
import { gapOf, verdictOf } from './verdict.ts';

const spread = (median: number) => ({ median, min: median / 2, max: median * 2 });
const result = (ratio: number | undefined, budget: Result['budget'], ours = 100): Result => ({
  work: 'infer: server CPU per call',
  unit: 'us',
  ours: spread(ours),
  ...(ratio !== undefined && { limit: { name: 'echo', value: spread(80) }, ratio: spread(ratio) }),
  ...(budget && { budget }),
  cause: 'the model takes 20 us',
});

describe('verdicts', () => {
  it.each([
    [result(1.25, { atMost: 1.25 }), 'ok'],
    [result(1.26, { atMost: 1.25 }), 'MISSED'],
    [result(0.8, { atLeast: 0.8 }), 'ok'],
    [result(0.79, { atLeast: 0.8 }), 'MISSED'],
    [result(undefined, { atMost: 300 }, 299), 'ok'],
    [result(undefined, { atMost: 300 }, 301), 'MISSED'],
    [result(Number.NaN, { atMost: 1.25 }), 'MISSED'],
    [result(9, undefined), '-'],
  ] as const)('hold the ratio, else our own number, against the budget: case %#', (given, expected) => {
    expect(verdictOf(given)).toBe(expected);
  });

  it('tell how far past the budget a value is', () => {
    expect(gapOf({ atMost: 2 }, 3)).toBeCloseTo(0.5);
    expect(gapOf({ atLeast: 0.8 }, 0.4)).toBeCloseTo(0.5);
  });
});

describe('the table', () => {
  const results = [result(1.5, { atMost: 1.25 }), result(1.1, { atMost: 1.25 })];

  it('shows both sides, the ratio with its spread, the budget and the verdict', () => {
    const text = describeResults(results, { verdicts: true, colour: false });
    expect(text).toMatch(/us\s+100\s+echo 80\.0\s+1\.50 \(0\.75-3\.00\)\s+at most 1\.25\s+MISSED/);
    expect(text).toMatch(/1\.10 \(0\.55-2\.20\)\s+at most 1\.25\s+ok/);
    expect(text).not.toContain('\u001B');
  });

  it('is red on a terminal where a budget is missed, and there only', () => {
    const lines = describeResults(results, { verdicts: true, colour: true }).split('\n');
    expect(lines.filter((line) => line.includes('\u001B[31m'))).toEqual([expect.stringContaining('MISSED')]);
  });

  it('decides nothing without verdicts', () => {
    const text = describeResults(results, { verdicts: false, colour: true });
    expect(text).not.toMatch(/MISSED|ok|at most/);
  });

  it('lists each miss with gap and cause', () => {
    expect(describeMisses(results)).toBe(
      'misses\n  infer: server CPU per call\n    gap: 1.50 where the budget is at most 1.25, 20% past it\n    cause: the model takes 20 us\n',
    );
    expect(describeMisses([result(1, { atMost: 1.25 })])).toBe('');
  });
});
