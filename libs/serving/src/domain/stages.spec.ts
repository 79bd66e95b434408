import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { STAGES, StageClock } from './stages.ts';

describe('StageClock', () => {
  it('gives each stage its time, also when it runs twice', async () => {
    const clock = new ManualClock();
    const stages = new StageClock(clock, 'pre_process');
    await clock.advance(1);
    stages.enter('feature_fetch');
    await clock.advance(0.25);
    stages.enter('pre_process');
    await clock.advance(2);
    stages.enter('inference');
    await clock.advance(0.004);
    expect(stages.end()).toEqual({
      queue: 0,
      feature_fetch: 250,
      pre_process: 3_000,
      batch_wait: 0,
      inference: 4,
      post_process: 0,
      encode: 0,
      total: 3_254,
    });
  });

  it('adds up exactly, whatever the times', async () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...STAGES), fc.double({ min: 0, max: 1e4, noNaN: true })));
    await fc.assert(
      fc.asyncProperty(steps, async (walk) => {
        const clock = new ManualClock();
        const stages = new StageClock(clock, 'queue');
        for (const [stage, ms] of walk) {
          stages.enter(stage);
          await clock.advance(ms);
        }
        const { total, ...each } = stages.end();
        const elapsedMs = clock.monotonicMs() - 1_000;
        expect(Object.values(each).reduce((sum, micros) => sum + micros, 0)).toBe(total);
        expect(Math.abs(total - elapsedMs * 1000)).toBeLessThanOrEqual(0.5 + 1e-3);
      }),
      { numRuns: 30 },
    );
  });
});
