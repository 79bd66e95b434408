import type { ColumnData, Datatype } from '@slipway/plugin-kit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeatureStatus } from './feature-column.ts';
import { featureTensor } from './feature-tensor.ts';
import type { PlannedInput } from './prediction-plan.ts';

const planned = (datatype: Datatype, requestName?: string, shape: readonly number[] = [-1, 1]): PlannedInput => ({
  feature: requestName === undefined ? 'view:f' : `request:${requestName}`,
  requestName,
  input: { name: 'x', datatype, shape },
});
const present = (count: number): Uint8Array => new Uint8Array(count).fill(1);
const whole = (...values: bigint[]): ColumnData => ({
  type: 'integer',
  values: BigInt64Array.from(values),
  present: present(values.length),
});
const time = (...values: bigint[]): ColumnData => ({ ...whole(...values), type: 'timestamp' }) as ColumnData;
const number = (...values: number[]): ColumnData => ({
  type: 'number',
  values: Float64Array.from(values),
  present: present(values.length),
});
const text = (...values: string[]): ColumnData => ({ type: 'string', values, present: present(values.length) });
const truth = (...values: number[]): ColumnData => ({
  type: 'boolean',
  values: Uint8Array.from(values),
  present: present(values.length),
});
const column = (data: ColumnData, statuses?: FeatureStatus[]) => ({
  name: 'view:f',
  data,
  statuses: statuses ?? Array<FeatureStatus>(data.values.length).fill('PRESENT'),
});

describe('featureTensor', () => {
  it.each<[Datatype, ColumnData, readonly unknown[]]>([
    ['FP32', number(0.1, -0, Infinity), [Math.fround(0.1), -0, Infinity]],
    ['FP64', number(0.1, Number.MAX_VALUE), [0.1, Number.MAX_VALUE]],
    ['FP32', whole(16_777_216n, -5n, 16_777_218n), [16_777_216, -5, 16_777_218]],
    ['FP64', whole(9_007_199_254_740_992n, 9_007_199_254_740_994n), [2 ** 53, 2 ** 53 + 2]],
    ['FP64', time(986_688_000_000_000n), [986_688_000_000_000]],
    ['FP32', truth(1, 0), [1, 0]],
    ['INT64', whole(-(2n ** 63n), 2n ** 63n - 1n), [-(2n ** 63n), 2n ** 63n - 1n]],
    ['INT64', time(986_688_000_000_001n), [986_688_000_000_001n]],
    ['INT32', whole(-2_147_483_648n, 2_147_483_647n), [-2_147_483_648, 2_147_483_647]],
    ['INT16', whole(-32_768n), [-32_768]],
    ['INT8', whole(127n), [127]],
    ['UINT8', whole(255n), [255]],
    ['UINT16', whole(65_535n), [65_535]],
    ['UINT32', whole(4_294_967_295n), [4_294_967_295]],
    ['UINT64', whole(2n ** 63n - 1n), [2n ** 63n - 1n]],
    ['INT32', truth(1), [1]],
    ['BOOL', truth(1, 0), [1, 0]],
    ['BYTES', text('é', ''), ['é', '']],
  ])('feeds %s from %o', (datatype, data, expected) => {
    const tensor = featureTensor(planned(datatype), column(data));
    expect(tensor).toMatchObject({ name: 'x', datatype, shape: [expected.length, 1] });
    expect(Array.from<unknown>(tensor.data)).toEqual(expected);
  });

  it('has the rank of the input', () => {
    expect(featureTensor(planned('FP32', undefined, [-1]), column(number(1, 2))).shape).toEqual([2]);
    expect(featureTensor(planned('FP32', undefined, [-1, -1]), column(number(1, 2))).shape).toEqual([2, 1]);
  });

  it.each<[Datatype, ColumnData, string]>([
    ['FP32', whole(1n, 16_777_217n), "row 1: 16777217 cannot be told exactly as FP32, which input 'x' takes"],
    ['FP64', whole(9_007_199_254_740_993n), 'row 0: 9007199254740993 cannot be told exactly as FP64'],
    ['FP32', number(1, 2, 1e39), 'row 2: 1e+39 cannot be told exactly as FP32'],
    ['INT32', whole(2_147_483_648n), 'row 0: 2147483648 is out of the range of INT32'],
    ['UINT8', whole(0n, -1n), 'row 1: -1 is out of the range of UINT8'],
    ['FP64', text('1'), "is a column of type string, which input 'x' of type FP64 does not take"],
    ['INT64', number(1), 'is a column of type number'],
    ['INT64', text('1'), 'is a column of type string'],
    ['BOOL', whole(1n), 'is a column of type integer'],
    ['BOOL', number(1), 'is a column of type number'],
    ['BYTES', number(1), 'is a column of type number'],
    ['BYTES', truth(1), 'is a column of type boolean'],
  ])('refuses for %s what %o holds', (datatype, data, words) => {
    const fromStore = catchError(() => featureTensor(planned(datatype), column(data)));
    expect(fromStore).toMatchObject({ kind: 'failed-precondition', reason: 'FEATURE_INVALID' });
    expect(fromStore.message).toContain("feature 'view:f'");
    expect(fromStore.message).toContain(words);
    const sent = catchError(() => featureTensor(planned(datatype, 'f'), column(data)));
    expect(sent).toMatchObject({ kind: 'invalid-argument', violations: [{ field: 'request_features[f]' }] });
    expect(sent.message).toContain(words);
  });

  it.each<FeatureStatus>(['NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE'])(
    'turns %s into NaN, whatever the store put there',
    (status) => {
      for (const datatype of ['FP32', 'FP64'] as const)
        for (const data of [number(1, 7), whole(1n, 7n), truth(1, 1)])
          expect(Array.from<unknown>(featureTensor(planned(datatype), column(data, ['PRESENT', status])).data)).toEqual(
            [1, NaN],
          );
    },
  );

  it.each<[Datatype, ColumnData]>([
    ['INT64', whole(1n, 7n)],
    ['BOOL', truth(1, 1)],
    ['BYTES', text('a', 'b')],
  ])('refuses a missing value for %s, naming feature and row', (datatype, data) => {
    const missing = column(data, ['PRESENT', 'NOT_FOUND']);
    expect(catchError(() => featureTensor(planned(datatype), missing))).toMatchObject({
      kind: 'failed-precondition',
      reason: 'FEATURE_MISSING',
      facts: { feature: 'view:f', row: '1', status: 'NOT_FOUND' },
    });
    expect(catchError(() => featureTensor(planned(datatype, 'f'), missing))).toMatchObject({
      kind: 'invalid-argument',
      violations: [{ field: 'request_features[f]' }],
    });
  });

  it('never rounds a whole number', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(int64, fc.constantFrom<Datatype>('FP32', 'FP64', 'INT64', 'INT32', 'UINT16'), (value, datatype) => {
        try {
          const [fed] = featureTensor(planned(datatype), column(whole(value))).data;
          return BigInt(fed ?? '') === value;
        } catch (error) {
          return (error as { reason?: string }).reason === 'FEATURE_INVALID';
        }
      }),
    );
  });
});

function catchError(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was refused');
}
