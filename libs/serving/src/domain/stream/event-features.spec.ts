import type { Datatype } from '@slipway/plugin-kit';
import type { PredictionPlan } from '@slipway/scoring';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatTensors } from './concat-tensors.ts';
import { givenColumn, keyColumns, readEventFeatures, shapeOf } from './event-features.ts';
import { LatencyWindow } from './latency-window.ts';

const planOf = (features: Readonly<Record<string, Datatype>>): PredictionPlan => {
  const inputs = Object.entries(features).map(([feature, datatype]) => ({
    feature,
    requestName: feature.startsWith('request:') ? feature.slice(8) : undefined,
    input: { name: feature, datatype, shape: [-1, 1] },
  }));
  return {
    inputs,
    storeFeatures: inputs.filter(({ requestName }) => requestName === undefined).map(({ feature }) => feature),
    requestFeatures: new Set(inputs.flatMap(({ requestName }) => requestName ?? [])),
  };
};

describe('the data of an event', () => {
  const plan = planOf({ 'request:a': 'FP32', 'view:n': 'INT64', 'view:s': 'BYTES' });

  it('gives features of the request by name and those of the store by view, and says what has to be fetched by which keys', () => {
    const read = readEventFeatures(plan, {
      a: 1.5,
      'view:n': '9007199254740993',
      origin: 'ORD',
      day: 3,
      x: 0.5,
      'other:f': 1,
    });
    expect(read.given).toEqual([1.5, 9_007_199_254_740_993n, undefined]);
    expect(read.missing).toEqual(['view:s']);
    expect(read.keys).toEqual([['day', 3n], ['origin', 'ORD']]); // prettier-ignore
  });

  it('asks nothing when everything is given', () => {
    const read = readEventFeatures(plan, { a: null, 'view:n': 1, 'view:s': 'x', origin: 'ORD' });
    expect(read).toEqual({ given: [null, 1n, 'x'], missing: [], keys: [] });
    expect(shapeOf(read, 1n)).toBe('');
  });

  it.each([
    [{}, 'FEATURE_MISSING'],
    [{ a: '1' }, 'FEATURE_INVALID'],
    [{ a: 1, 'view:n': 1.5 }, 'FEATURE_INVALID'],
    [{ a: 1, 'view:n': 2 ** 53 }, 'FEATURE_INVALID'],
    [{ a: 1, 'view:n': '9223372036854775808' }, 'FEATURE_INVALID'],
    [{ a: 1, 'view:s': 7 }, 'FEATURE_INVALID'],
  ])('refuses %j as %s', (data, reason) => {
    expect(() => readEventFeatures(plan, data)).toThrow(expect.objectContaining({ reason }));
  });

  it('has one shape with what is asked at the same time, for the same, by keys of the same types', () => {
    const shape = (data: object, time = 1n) => shapeOf(readEventFeatures(plan, { a: 1, ...data }), time);
    expect(shape({ origin: 'ORD' })).toBe(shape({ origin: 'SFO' }));
    const others = [shape({ origin: 1 }), shape({ origin: 'ORD' }, 2n), shape({ origin: 'ORD', day: 1 }), shape({ origin: 'ORD', 'view:n': 1 })]; // prettier-ignore
    expect(new Set([...others, shape({ origin: 'ORD' })]).size).toBe(5);
  });
});

it('makes columns that hold what was given, missing values marked', () => {
  expect(givenColumn('FP64', [1.5, null])).toEqual({ type: 'number', values: Float64Array.of(1.5, 0), present: Uint8Array.of(1, 0) }); // prettier-ignore
  expect(givenColumn('INT8', [7n, null])).toEqual({ type: 'integer', values: BigInt64Array.of(7n, 0n), present: Uint8Array.of(1, 0) }); // prettier-ignore
  expect(givenColumn('BOOL', [true, false])).toEqual({ type: 'boolean', values: Uint8Array.of(1, 0), present: Uint8Array.of(1, 1) }); // prettier-ignore
  expect(givenColumn('BYTES', ['x', null])).toEqual({
    type: 'string',
    values: ['x', ''],
    present: Uint8Array.of(1, 0),
  });
  const keys = keyColumns([[['k', 'a'], ['n', 1n]], [['k', 'b'], ['n', 2n]]]); // prettier-ignore
  expect(keys.get('k')?.values).toEqual(['a', 'b']);
  expect(keys.get('n')?.values).toEqual(BigInt64Array.of(1n, 2n));
});

it('for all parts: tensors one after the other hold the rows of all parts in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.double(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      (parts) => {
        const tensors = parts.map((values) => ({ name: 'x', datatype: 'FP64', shape: [values.length, 1], data: Float64Array.from(values) }) as const); // prettier-ignore
        const whole = concatTensors(tensors);
        expect(whole).toEqual({ name: 'x', datatype: 'FP64', shape: [parts.flat().length, 1], data: Float64Array.from(parts.flat()) }); // prettier-ignore
      },
    ),
  );
  const texts = [['a'], ['b', 'c']].map(
    (data) => ({ name: 'x', datatype: 'BYTES', shape: [data.length], data }) as const,
  );
  expect(concatTensors(texts)).toEqual({ name: 'x', datatype: 'BYTES', shape: [3], data: ['a', 'b', 'c'] });
});

it('tells percentiles of the latest thousand latencies by nearest rank', () => {
  const window = new LatencyWindow();
  expect(window.percentile(0.99)).toBe(0);
  for (let micros = 1; micros <= 100; micros += 1) window.add(micros);
  expect([window.percentile(0.5), window.percentile(0.99), window.percentile(1)]).toEqual([50, 99, 100]);
  for (let more = 0; more < 1_000; more += 1) window.add(7);
  expect(window.percentile(1)).toBe(7);
});
