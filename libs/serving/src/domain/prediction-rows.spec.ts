import { createHash } from 'node:crypto';
import type { ColumnData } from '@slipway/plugin-kit';
import { describe, expect, it } from 'vitest';
import { planPrediction } from './prediction-plan.ts';
import { countRows, readRequestFeatures, unitHashes } from './prediction-rows.ts';

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
      'a null key',
      columns({ a: { ...text('x', ''), present: Uint8Array.of(1, 0) } }),
      none,
      'entities[a]: row 1 is null',
    ],
  ])('refuses %s', (_, entities, features, words) => {
    expect(() => countRows(entities, features)).toThrow(words);
  });
});

describe('readRequestFeatures', () => {
  const signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] } as const], outputs: [] };
  const plan = planPrediction('m', ['request:hour'], signature);

  it('marks nulls', () => {
    const sent = columns({ hour: { ...whole(1n, 2n), present: Uint8Array.of(0, 1) } });
    expect(readRequestFeatures(plan, sent).get('hour')).toMatchObject({
      name: 'request:hour',
      statuses: ['NULL_VALUE', 'PRESENT'],
    });
  });

  it('refuses a missing and an unknown one, naming it', () => {
    expect(() => readRequestFeatures(plan, none)).toThrow('request_features[hour]: is missing');
    expect(() => readRequestFeatures(plan, columns({ hour: whole(1n), day: whole(1n) }))).toThrow(
      'request_features[day]: the model does not take it; it takes hour',
    );
    const keyed = planPrediction('m', ['v:a'], signature);
    expect(() => readRequestFeatures(keyed, columns({ day: whole(1n) }))).toThrow('it takes none');
  });
});

describe('unitHashes', () => {
  it('hashes the keys as one JSON text, whatever their order', () => {
    const entities = columns({ origin: text('JFK', 'é"'), day: whole(2n ** 62n, -1n) });
    const expected = [`{"day":4611686018427387904,"origin":"JFK"}`, `{"day":-1,"origin":"é\\""}`];
    const hashes = expected.map((json) => createHash('sha256').update(json).digest('hex'));
    expect(unitHashes(entities, 2)).toEqual(hashes);
    expect(unitHashes(new Map([...entities].toReversed()), 2)).toEqual(hashes);
  });

  it('tells a text from a number, and has none without keys', () => {
    expect(unitHashes(columns({ id: text('1') }), 1)).not.toEqual(unitHashes(columns({ id: whole(1n) }), 1));
    expect(unitHashes(none, 2)).toEqual(['', '']);
  });
});
