import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMicrosOf } from './process-cpu.ts';
import { randomRows } from './random-rows.ts';
import { interleave } from './rounds.ts';
import { percentileOf, ratioOf, spreadOf } from './spread.ts';

const { signal } = new AbortController();

describe('what is made of rounds', () => {
  it('has a median with half of the rounds on each side', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 30 }), (values) => {
        const { median, min, max } = spreadOf(values);
        expect(values.filter((value) => value < median).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((value) => value > median).length).toBeLessThanOrEqual(values.length / 2);
        expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
    expect(spreadOf([4, 1, 3, 2]).median).toBe(2.5);
  });

  it('divides round by round and not the medians', () => {
    expect(ratioOf([10, 20, 90], [10, 10, 30])).toEqual({ median: 2, min: 1, max: 3 });
    expect(() => ratioOf([1], [1, 2])).toThrow(RangeError);
  });

  it('takes percentiles within the values', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index);
    expect([percentileOf(hundred, 0.5), percentileOf(hundred, 0.99), percentileOf([7], 0.99)]).toEqual([50, 99, 7]);
  });
});

describe('interleaving', () => {
  it('measures everybody in each round, backwards in every second, and forgets the warm-up', async () => {
    const order: string[] = [];
    const contender = (name: string) => async () => order.push(name);
    const contenders = { a: contender('a'), b: contender('b'), c: contender('c') };
    const measured = await interleave(contenders, 2, {
      warmUp: true,
      signal,
      onRound: (round) => order.push(`${round}`),
    });
    expect(order.join('')).toBe('abc1abc2cba');
    expect(measured).toEqual({ a: [5, 11], b: [6, 10], c: [7, 9] });
  });

  it('ends between two measurements when it is interrupted', async () => {
    const stop = new AbortController();
    const stopping = { a: async () => stop.abort(new Error('interrupted')), b: async () => expect.unreachable() };
    const running = interleave(stopping, 1, { warmUp: false, signal: stop.signal, onRound: () => undefined });
    await expect(running).rejects.toThrow('interrupted');
  });
});

describe('inputs', () => {
  it('follow from seed and name, and are distinct', () => {
    const rows = randomRows(1).floats('small', 4_096);
    expect(randomRows(1).floats('small', 4_096)).toEqual(rows);
    expect(randomRows(2).floats('small', 4_096)).not.toEqual(rows);
    expect(randomRows(1).floats('wide', 4_096)).not.toEqual(rows);
    expect(new Set(rows).size).toBeGreaterThan(4_090);
    expect(rows.every((value) => value >= -1 && value < 1)).toBe(true);
  });
});

describe('CPU of a process', () => {
  it('is what the process itself counts, to two ticks', () => {
    const end = performance.now() + 60;
    while (performance.now() < end);
    const { user, system } = process.cpuUsage();
    expect(Math.abs(cpuMicrosOf(process.pid) - user - system)).toBeLessThanOrEqual(25_000);
  });
});
