import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataLossError } from '@slipway/kernel';
import { decodeOutcomeBlock, encodeOutcomeBlock, type OutcomeBlock } from './outcome-block.ts';
import { decodePredictionBlock, encodePredictionBlock, type PredictionBlock } from './prediction-block.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 12 });
const whole = (max: number) => fc.integer({ min: 0, max });

const predictionBlocks = fc
  .record({
    versions: fc.array(fc.record({ model: texts, version: whole(2 ** 31), digest: texts }), { maxLength: 4 }),
    arms: fc.array(fc.record({ experiment: texts, arm: texts }), { maxLength: 3 }),
    units: fc.array(texts, { maxLength: 3 }),
    counts: fc.array(fc.array(whole(1_000)), { maxLength: 3 }),
    rows: fc.array(fc.tuple(texts, fc.double(), whole(65_535), whole(2 ** 32 - 1)), { maxLength: 20 }),
  })
  .map(({ versions, arms, units, counts, rows }): PredictionBlock => {
    const doubles = Float64Array.from(rows, ([, value]) => value);
    return {
      rows: rows.length,
      versions,
      arms,
      units,
      features: [{ version: 0, counts }],
      ids: rows.map(([id]) => id),
      times: doubles,
      scores: versions.map((_, index) => doubles.map((value) => value * (index + 1))),
      served: Uint16Array.from(rows, ([, , small]) => small),
      armOfRow: Uint16Array.from(rows, ([, , small]) => 65_535 - small),
      unitOfRow: Uint32Array.from(rows, ([, , , large]) => large),
    };
  });

const outcomeBlocks = fc
  .array(fc.tuple(texts, fc.boolean(), fc.double({ noNaN: true })), { maxLength: 20 })
  .map((rows): OutcomeBlock => ({
    ids: rows.map(([id]) => id),
    labels: Uint8Array.from(rows, ([, label]) => Number(label)),
    observed: Float64Array.from(rows, ([, , time]) => time),
  }));

/** In the middle of a larger buffer, as drivers hand bytes over. */
function embedded(bytes: Uint8Array): Uint8Array {
  const pool = Buffer.alloc(bytes.length + 7); // `slice` of a Buffer does not copy
  pool.set(bytes, 3);
  return pool.subarray(3, 3 + bytes.length);
}

describe('blocks', () => {
  it('of predictions come back as they were written', () => {
    fc.assert(
      fc.property(predictionBlocks, (block) => {
        expect(decodePredictionBlock(embedded(encodePredictionBlock(block)))).toEqual(block);
      }),
    );
  });

  it('of outcomes come back as they were written', () => {
    fc.assert(
      fc.property(outcomeBlocks, (block) => {
        expect(decodeOutcomeBlock(embedded(encodeOutcomeBlock(block)))).toEqual(block);
      }),
    );
  });

  it('that were cut are refused', () => {
    const outcomes = encodeOutcomeBlock({ ids: ['a'], labels: Uint8Array.of(1), observed: Float64Array.of(5) });
    for (let length = 0; length < outcomes.length; length += 1) {
      expect(() => decodeOutcomeBlock(outcomes.subarray(0, length))).toThrow(DataLossError);
    }
    fc.assert(
      fc.property(predictionBlocks, fc.double({ min: 0, max: 0.999 }), (block, share) => {
        const bytes = encodePredictionBlock({ ...block, ids: block.ids.map((id) => `${id}x`) });
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        const refused = () => decodePredictionBlock(cut);
        if (block.rows > 0 || cut.length < 8) expect(refused).toThrow(DataLossError);
      }),
    );
  });
});
