import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { AnsweredColumn, Status } from '../domain/online/online-answer.ts';
import { encodeOnlineAnswer } from './online-codec.ts';
import { toOnlineMessage } from './to-proto.ts';

const statuses = (rows: number) => fc.array(fc.constantFrom<Status>(1, 2, 3, 4), { minLength: rows, maxLength: rows });
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String),
  fc.constantFrom<number | string>(0, -1, 127, 128, 2 ** 53, '9223372036854775807', '-9223372036854775808'),
);
const VALUES = {
  string: fc.string({ unit: 'grapheme' }),
  number: fc.double(),
  boolean: fc.boolean(),
  integer,
  timestamp: integer,
} as const;

const column = fc
  .tuple(fc.constantFrom(...(Object.keys(VALUES) as (keyof typeof VALUES)[])), fc.integer({ min: 1, max: 5 }))
  .chain(([type, rows]): fc.Arbitrary<AnsweredColumn> => {
    const each = { minLength: rows, maxLength: rows };
    const nulls: fc.Arbitrary<boolean[]> = fc.oneof(fc.constant<boolean[]>([]), fc.array(fc.boolean(), each));
    const values: fc.Arbitrary<(number | string | boolean)[]> = fc.array<number | string | boolean>(VALUES[type], each);
    return fc.record({ type: fc.constant(type), values, nulls, statuses: statuses(rows) });
  });

describe('the codec of online answers', () => {
  it('for all answers: the general codec reads what it would have written itself', () => {
    const features = fc.array(fc.record({ name: fc.string(), column }), { maxLength: 4 });
    const views = fc.array(fc.record({ view: fc.string(), digest: fc.string(), eventTimes: fc.array(integer) }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(features, views, (someFeatures, someViews) => {
        const answer = { features: someFeatures, views: someViews };
        const { responseSerialize, responseDeserialize } = featureStoreService.methods.getOnlineFeatures.wire;
        const general = responseDeserialize(responseSerialize(toOnlineMessage(answer)));
        expect(responseDeserialize(encodeOnlineAnswer(answer))).toEqual(general);
      }),
    );
  });
});
