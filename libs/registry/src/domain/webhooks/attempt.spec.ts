import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordAttempt, type AttemptOutcome } from './attempt.ts';

const limits = { attemptsMax: 4, timeoutMs: 1000, backOffMs: 1000 };
const answered = (status: number, retryAfterMs?: number): AttemptOutcome => {
  return { kind: 'answered', status, body: '', retryAfterMs };
};

describe('an attempt', () => {
  it('waits four times as long after each failure, and as long as the receiver asks, but never for ever', () => {
    const due = (before: number, outcome: AttemptOutcome) => recordAttempt(outcome, before, limits, 0n).dueTime;
    expect([0, 1, 2].map((before) => due(before, answered(503)))).toEqual([1_000_000n, 4_000_000n, 16_000_000n]);
    expect(due(0, answered(429, 30_000))).toBe(30_000_000n);
    expect(due(0, answered(429, 999_999_000))).toBe(3_600_000_000n);
  });

  it('is the last one for all answers that asking again does not change', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.integer({ min: 0, max: 3 }), (status, before) => {
        const { state, attempts } = recordAttempt(answered(status), before, limits, 0n);
        expect(attempts).toBe(before + 1);
        const again = (status === 429 || status >= 500) && before < 3;
        expect(state).toBe(status < 300 ? 'delivered' : again ? 'pending' : 'failed');
      }),
    );
  });

  it('tries again what could not be reached, and never what is refused', () => {
    const unreachable = { kind: 'unreachable', message: 'down' } as const;
    expect(recordAttempt(unreachable, 0, limits, 5n)).toMatchObject({ state: 'pending', errorMessage: 'down' });
    expect(recordAttempt(unreachable, 3, limits, 5n)).toMatchObject({ state: 'failed', responseStatus: 0 });
    expect(recordAttempt({ kind: 'refused', message: 'inside' }, 0, limits, 5n)).toMatchObject({ state: 'failed' });
  });
});
