import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputDigester } from './output-digest.ts';
import { complete, free, lease, lose, renew } from './partition.ts';
import { planPartitions } from './plan-partitions.ts';

const fileOf = (rows: number, index: number) => ({
  uri: `artifact:w/${index}`,
  bytes: 1,
  sha256: 'a'.repeat(64),
  rows,
});

describe('planPartitions', () => {
  it('covers every row of every file once, in order, with no partition too large or empty', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (sizes, partitionRows) => {
        const files = sizes.map(fileOf);
        const partitions = planPartitions(files, partitionRows);
        expect(partitions.map(({ number }) => number)).toEqual(partitions.map((_, index) => index));
        const covered = partitions.flatMap(({ file, firstRow, rows }) =>
          Array.from({ length: rows }, (_, row) => `${file.uri}#${firstRow + row}`),
        );
        expect(covered).toEqual(files.flatMap(({ uri, rows }) => Array.from({ length: rows }, (_, row) => `${uri}#${row}`))); // prettier-ignore
        expect(partitions.every(({ rows }) => rows >= 1 && rows <= partitionRows)).toBe(true);
      }),
    );
  });
});

describe('a partition', () => {
  it('takes nothing from a lease before the one that counts', () => {
    const [waiting] = planPartitions([fileOf(10, 0)], 10);
    const first = waiting && lease(waiting, 'w1', 1n);
    const second = first && lease(free(first), 'w2', 2n);
    if (!second) throw new Error('there is no second lease');
    const result = { scoredRows: 10, failedRows: 0, output: undefined, errors: undefined, values: undefined };
    const [late, held] = [
      { number: 0, epoch: 1 },
      { number: 0, epoch: 2 },
    ];
    expect(complete(second, late, result)).toBeUndefined();
    expect(renew(second, late, 'w1', 9n)).toBeUndefined();
    expect(lose(second, late, 'late')).toBeUndefined();
    expect(complete(second, held, result)).toMatchObject({ state: 'done', epoch: 2, result });
  });
});

describe('OutputDigester', () => {
  const digest = (outputs: readonly string[], chunks: readonly Uint8Array[]) => {
    const digester = new OutputDigester(outputs);
    for (const chunk of chunks) digester.add(chunk);
    return digester.end();
  };

  it('is the sha256 of the values, however they are cut', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.array(fc.integer({ min: 1, max: 40 })), (numbers, cuts) => {
        const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          chunks.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        const told = digest(['p'], chunks);
        expect(told.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
        expect(told).toEqual(digest(['p'], [bytes]));
      }),
    );
  });

  it('tells rows in another order apart', () => {
    const of = (...numbers: number[]) => digest(['p'], [new Uint8Array(Float64Array.from(numbers).buffer)]).sha256;
    expect(of(1, 2)).not.toBe(of(2, 1));
  });

  it('gives the mean of each output, also where a plain sum would lose it', () => {
    const numbers = [1, 1e100, 2, 1, 3, -1e100];
    const told = digest(['a', 'b'], [new Uint8Array(Float64Array.from(numbers).buffer)]);
    expect(told.means).toEqual({ a: 2, b: 1 / 3 });
    expect(digest(['a'], []).means).toEqual({});
  });
});
