import type { ColumnData } from '@slipway/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planPrediction } from '@slipway/scoring';
import { assertTaken, countRows, readPredictionIds, readSentFeatures } from './prediction-rows.ts';

const text = (...values: string[]): ColumnData => ({
  type: 'string',
  values,
  present: new Uint8Array(values.length).fill(1),
});
const whole = (...values: bigint[]): ColumnData => ({
  type: 'integer',
  values: BigInt64Array.from(values),
  present: new Uint8Array(values.length).fill(1),
});
const columns = (entries: Record<string, ColumnData>) => new Map(Object.entries(entries));
const none = columns({});

describe('countRows', () => {
  it('takes the length that all columns have', () => {
    expect(countRows(columns({ a: text('x', 'y') }), columns({ b: whole(1n, 2n) }))).toBe(2);
    expect(countRows(none, columns({ b: whole(...Array<bigint>(1_000).fill(0n)) }))).toBe(1_000);
    expect(countRows(none, none, columns({ 'v:f': whole(1n, 2n) }))).toBe(2);
  });

  it.each([
    ['no column', none, none, 'entities: a prediction needs at least one column'],
    ['no row', columns({ a: text() }), none, 'entities[a]: holds 0 rows'],
    [
      '1001 rows',
      columns({ a: text(...Array<string>(1_001).fill('x')) }),
      none,
      'entities[a]: holds 1001 rows; send 1 to 1000',
    ],
    [
      'two lengths',
      columns({ a: text('x'), b: text('x', 'y') }),
      none,
      'entities[b]: has 2 values and entities[a] has 1',
    ],
    [
      'another length of a request feature',
      columns({ a: text('x') }),
      columns({ f: text() }),
      'request_features[f]: has 0 values and entities[a] has 1',
    ],
    [
      'another length of a given feature',
      columns({ a: text('x') }),
      none,
      'features[v:f]: has 2 values and entities[a] has 1',
      columns({ 'v:f': whole(1n, 2n) }),
    ],
    [
      'a null key',
      columns({ a: { ...text('x', ''), present: Uint8Array.of(1, 0) } }),
      none,
      'entities[a]: row 1 is null',
    ],
  ])('refuses %s', (_, entities, features, words, given = none) => {
    expect(() => countRows(entities, features, given)).toThrow(words);
  });
});

describe('features that a call brings', () => {
  const signature = {
    inputs: ['x', 'y', 'z'].map((name) => ({ name, datatype: 'FP32', shape: [-1] }) as const),
    outputs: [],
  };
  const plan = planPrediction('m', ['v:a', 'request:hour', 'w:b'], signature);
  const hour = columns({ hour: { ...whole(1n, 2n), present: Uint8Array.of(0, 1) } });
  const given = columns({ 'w:b': { ...whole(1n, 2n), present: Uint8Array.of(0, 1) } });

  it('are named as models name them, nulls marked', () => {
    const sent = readSentFeatures(plan, { requestFeatures: hour, given });
    const statuses = ['NULL_VALUE', 'PRESENT'];
    expect([...sent.values()]).toMatchObject([
      { name: 'request:hour', statuses, field: 'request_features[hour]' },
      { name: 'w:b', statuses, field: 'features[w:b]' },
    ]);
    expect(readSentFeatures(plan, { requestFeatures: hour }).size).toBe(1);
  });

  it('are refused without one that only the caller knows', () => {
    expect(() => readSentFeatures(plan, { requestFeatures: none })).toThrow('request_features[hour]: is missing');
  });

  it('may be more than a model takes, unless the caller named the model', () => {
    const more = { requestFeatures: columns({ hour: whole(1n), day: whole(1n) }), given: none };
    expect(readSentFeatures(plan, more).has('request:day')).toBe(true);
    expect(() => assertTaken(plan, more)).toThrow('request_features[day]: the model does not take it; it takes hour');
    const keyed = planPrediction('m', ['v:a'], { ...signature, inputs: signature.inputs.slice(0, 1) });
    expect(() => assertTaken(keyed, more)).toThrow('it takes none');
    expect(() => assertTaken(plan, { requestFeatures: hour, given })).not.toThrow();
  });

  it.each(['v:other', 'request:hour', 'a'])('%s is refused with the names of those that the model takes', (name) => {
    expect(() => assertTaken(plan, { requestFeatures: hour, given: columns({ [name]: whole(1n) }) })).toThrow(
      `features[${name}]: the model does not take it; it takes v:a, w:b`,
    );
  });
});

describe('readPredictionIds', () => {
  it('takes one for each row, or none', () => {
    expect(readPredictionIds(['a', 'b'], 2)).toEqual(['a', 'b']);
    expect(readPredictionIds([], 2)).toBeUndefined();
  });

  it.each([
    [['a'], 'prediction_ids: has 1 ids for 3 rows'],
    [['a', 'b', 'c', 'd'], 'prediction_ids: has 4 ids for 3 rows'],
    [['a', '', 'c'], 'prediction_ids[1]: is empty'],
    [['a', 'b', 'a'], 'prediction_ids[2]: is the id of an earlier row'],
  ])('refuses %j', (ids, words) => {
    expect(() => readPredictionIds(ids, 3)).toThrow(words);
  });
});
