import { unitHash } from '@slipway/assignments';
import type { ColumnData } from '@slipway/plugin-kit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitsOfRows } from './row-units.ts';

const present = (rows: number): Uint8Array => new Uint8Array(rows).fill(1);
const text = (...values: string[]): ColumnData => ({ type: 'string', values, present: present(values.length) });
const whole = (...values: bigint[]): ColumnData => ({
  type: 'integer',
  values: BigInt64Array.from(values),
  present: present(values.length),
});
const flag = (...values: number[]): ColumnData => ({
  type: 'boolean',
  values: Uint8Array.from(values),
  present: present(values.length),
});
const columns = (entries: Record<string, ColumnData>) => new Map(Object.entries(entries));

describe('unitsOfRows', () => {
  it('names each unit as the router does, once, in the order in which it comes', () => {
    const entities = columns({ origin: text('JFK', 'ORD', 'JFK', 'JFK'), day: whole(7n, 7n, 7n, 8n) });
    const units = unitsOfRows(entities, 4);
    expect(units.ofRow).toEqual([0, 1, 0, 2]);
    expect(units.hashes).toEqual([
      unitHash({ origin: 'JFK', day: 7n }),
      unitHash({ origin: 'ORD', day: 7n }),
      unitHash({ origin: 'JFK', day: 8n }),
    ]);
  });

  it('tells a text from a number and a flag, and has none without keys', () => {
    const hashes = [text('1'), whole(1n), flag(1)].flatMap((id) => unitsOfRows(columns({ id }), 1).hashes);
    expect(hashes).toEqual([unitHash({ id: '1' }), unitHash({ id: 1n }), unitHash({ id: true })]);
    expect(new Set(hashes).size).toBe(3);
    expect(unitsOfRows(columns({}), 2)).toEqual({ hashes: [], ofRow: [] });
  });

  it('gives every row the unit of its own keys, whatever the keys', () => {
    const row = fc.record({ a: fc.string({ maxLength: 2 }), b: fc.bigInt({ min: -2n, max: 2n }), c: fc.boolean() });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const entities = columns({
          b: whole(...rows.map(({ b }) => b)),
          a: text(...rows.map(({ a }) => a)),
          c: flag(...rows.map(({ c }) => Number(c))),
        });
        const { hashes, ofRow } = unitsOfRows(entities, rows.length);
        expect(ofRow.map((unit) => hashes[unit])).toEqual(rows.map((keys) => unitHash(keys)));
        expect(new Set(hashes).size).toBe(hashes.length);
      }),
    );
  });
});
