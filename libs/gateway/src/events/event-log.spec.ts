import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';
import type { FeedEvent } from './feed-event.ts';

const eventOf = (sequence: bigint, isTelemetry = false): FeedEvent => {
  const json = '12345';
  return { sequence, workspace: 'w', tokens: [], isTelemetry, size: json.length, json, items: 1 };
};
const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const orders = fc.shuffledSubarray(NUMBERS, { minLength: NUMBERS.length });

describe('the log of events', () => {
  it('for all orders of arrival: whoever comes back gets all he did not see, or is told of a gap', () => {
    fc.assert(
      fc.property(
        orders,
        fc.integer({ min: 1, max: 9 }),
        fc.nat(8),
        fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
        fc.boolean(),
        (order, kept, at, telemetry, withTelemetry) => {
          const log = new EventLog(kept, 1_000);
          const isTelemetry = (sequence: number): boolean => telemetry[sequence] === true;
          for (const sequence of order) {
            expect(log.add(eventOf(BigInt(sequence), isTelemetry(sequence)))).toBe(true);
            expect(log.add(eventOf(BigInt(sequence), isTelemetry(sequence)))).toBe(false);
          }
          const isWanted = (sequence: number): boolean => withTelemetry || !isTelemetry(sequence);
          const { events, hasGap } = log.after(BigInt(order[at] ?? 0), withTelemetry);
          const missed = order.slice(at + 1).filter(isWanted);
          const got = events.map(({ sequence }) => Number(sequence));
          expect(got.filter((sequence) => !isWanted(sequence))).toEqual([]);
          if (!hasGap) expect(missed.filter((sequence) => !got.includes(sequence))).toEqual([]);
          if (at >= 9 - kept) expect([hasGap, got]).toEqual([false, missed]);
        },
      ),
    );
  });

  it('for all orders: keeps the newest facts and the newest telemetry, in the order in which they came', () => {
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 9 }), (order, kept) => {
        const log = new EventLog(kept, 1_000);
        for (const sequence of order) log.add(eventOf(BigInt(sequence), sequence % 2 === 0));
        const newest = (rest: number) => order.filter((sequence) => sequence % 2 === rest).slice(-kept);
        const expected = order.filter((sequence) => newest(sequence % 2).includes(sequence));
        expect(log.all().map(({ sequence }) => Number(sequence))).toEqual(expected);
        expect(log.size).toBe(expected.length);
      }),
    );
  });

  it('forgets by size, too', () => {
    const log = new EventLog(100, 10);
    for (const sequence of [1n, 2n, 3n]) log.add(eventOf(sequence));
    expect([log.size, log.after(1n).hasGap, log.after(2n).hasGap]).toEqual([2, true, false]);
    expect(log.after(0n).hasGap).toBe(true);
  });
});
