import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '@slipway/kernel';
import { runAtOnce, runSteps, type Steps } from './steps.ts';

function* counting(pieces: number, onPiece: (piece: number) => void): Steps<string> {
  for (let piece = 1; piece <= pieces; piece += 1) {
    onPiece(piece);
    yield 10;
  }
  return 'done';
}

/** Each look at this clock is 10 ms later. */
const steadyClock = (): Clock => {
  let now = 0;
  return { ...systemClock, monotonicMs: () => (now += 10) };
};
const never = new AbortController().signal;

describe('runSteps', () => {
  it('gives other work its turn every second step of ten milliseconds', async () => {
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns < 1000) setImmediate(turn);
    };
    setImmediate(turn);
    const seen: number[] = [];
    await runSteps(counting(10, () => seen.push(turns)), { clock: steadyClock(), signal: never }); // prettier-ignore
    expect(new Set(seen).size).toBeGreaterThanOrEqual(4);
    turns = 1000;
  });

  it('reports the units of each piece and returns the result', async () => {
    let units = 0;
    const pace = { clock: steadyClock(), signal: never, onStep: (step: number) => void (units += step) };
    expect(
      await runSteps(
        counting(7, () => undefined),
        pace,
      ),
    ).toBe('done');
    expect(units).toBe(70);
    expect(runAtOnce(counting(7, () => undefined))).toBe('done');
  });

  it('stops at an abort', async () => {
    const leaving = new AbortController();
    const pieces: number[] = [];
    const run = runSteps(
      counting(1000, (piece) => {
        pieces.push(piece);
        if (piece === 5) leaving.abort(new Error('no longer wanted'));
      }),
      { clock: steadyClock(), signal: leaving.signal },
    );
    await expect(run).rejects.toThrow('no longer wanted');
    expect(pieces.length).toBeLessThan(10);
  });
});
