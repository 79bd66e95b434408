import { describe, expect, it } from 'vitest';
import { Alarm } from './index.ts';
import { ManualClock } from './testing/manual-clock.ts';

const NEVER = new AbortController().signal;

/** @returns whether the sleep is over. */
async function sleeping(alarm: Alarm, ms: number, signal = NEVER): Promise<() => boolean> {
  let isOver = false;
  void alarm.sleep(ms, signal).then(() => (isOver = true));
  await Promise.resolve();
  return () => isOver;
}

describe('an alarm', () => {
  it('sleeps for its time when nothing happens', async () => {
    const clock = new ManualClock();
    const isOver = await sleeping(new Alarm(clock), 100);
    await clock.advance(99);
    expect(isOver()).toBe(false);
    await clock.advance(1);
    expect(isOver()).toBe(true);
  });

  it('wakes on a ring', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm(clock);
    const isOver = await sleeping(alarm, 100);
    alarm.ring();
    await clock.advance(0);
    expect(isOver()).toBe(true);
    expect(clock.sleepers).toBe(0);
  });

  it('keeps one ring for the next sleep', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm(clock);
    alarm.ring();
    alarm.ring();
    await alarm.sleep(100, NEVER);
    const isOver = await sleeping(alarm, 100);
    await clock.advance(99);
    expect(isOver()).toBe(false);
    await clock.advance(1);
    expect(isOver()).toBe(true);
  });

  it('wakes when its signal aborts, and does not begin with an aborted one', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm(clock);
    const stopping = new AbortController();
    const isOver = await sleeping(alarm, 100, stopping.signal);
    stopping.abort();
    await clock.advance(0);
    expect(isOver()).toBe(true);
    await alarm.sleep(100, stopping.signal);
    expect(clock.sleepers).toBe(0);
  });
});
