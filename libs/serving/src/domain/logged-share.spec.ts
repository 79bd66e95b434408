import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { isInShare } from './logged-share.ts';

it('takes all, none, or about the share that it is told, of ids that follow each other', () => {
  const ids = Array.from({ length: 20_000 }, (_, id) => `flights-3m:${id}`);
  const taken = (share: number): number => ids.filter((id) => isInShare(id, share)).length;
  expect([taken(0), taken(1)]).toEqual([0, ids.length]);
  for (const share of [0.01, 0.25, 0.9]) expect(Math.abs(taken(share) / ids.length - share)).toBeLessThan(0.012);
});

it('takes what a smaller share takes, and the same each time', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (id, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(isInShare(id, less) && !isInShare(id, more)).toBe(false);
        expect(isInShare(id, more)).toBe(isInShare(id, more));
      },
    ),
  );
});
