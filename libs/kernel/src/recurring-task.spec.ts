import { beforeEach, describe, expect, it } from 'vitest';
import { RecurringTask, silentLogger } from './index.ts';
import { ManualClock } from './testing/manual-clock.ts';

const EVERY_MS = 1_000;

describe('a recurring task', () => {
  let clock: ManualClock;
  let warnings: unknown[];
  beforeEach(() => {
    clock = new ManualClock();
    warnings = [];
  });
  const taskOf = (work: (signal: AbortSignal) => Promise<void>) =>
    new RecurringTask({
      name: 'sweeper',
      everyMs: EVERY_MS,
      work,
      failure: 'sweeping failed; it is tried again',
      clock,
      log: { ...silentLogger, warn: (fields, message) => void warnings.push({ ...fields, message }) },
    });

  it('works after each interval, once however often it is started', async () => {
    let rounds = 0;
    const task = taskOf(async () => void (rounds += 1));
    await task.start();
    await task.start();
    await clock.advance(EVERY_MS - 1);
    expect(rounds).toBe(0);
    await clock.advance(1);
    expect(rounds).toBe(1);
    await clock.advance(EVERY_MS);
    expect(rounds).toBe(2);
    await task.stop();
  });

  it('begins no round before the one under way is over', async () => {
    let begun = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const task = taskOf(() => ((begun += 1), promise));
    await task.start();
    for (let round = 0; round < 3; round += 1) await clock.advance(EVERY_MS);
    expect(begun).toBe(1);
    resolve();
    await clock.advance(0);
    await clock.advance(EVERY_MS);
    expect(begun).toBe(2);
    await task.stop();
  });

  it('logs a failure and tries again', async () => {
    const error = new Error('disk');
    let rounds = 0;
    const task = taskOf(() => ((rounds += 1), rounds === 1 ? Promise.reject(error) : Promise.resolve()));
    await task.start();
    await clock.advance(EVERY_MS);
    expect(warnings).toEqual([{ error, message: 'sweeping failed; it is tried again' }]);
    expect(task.isRunning).toBe(true);
    await clock.advance(EVERY_MS);
    expect(rounds).toBe(2);
    expect(warnings).toHaveLength(1);
    await task.stop();
  });

  it('ends during its sleep when stopped, without a round and without a warning', async () => {
    let rounds = 0;
    const task = taskOf(async () => void (rounds += 1));
    await task.start();
    await task.stop();
    expect(clock.sleepers).toBe(0);
    await clock.advance(EVERY_MS);
    expect(rounds).toBe(0);
    expect(warnings).toEqual([]);
  });

  it('aborts the round under way when stopped, and waits until it is over', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let seen: AbortSignal | undefined;
    const task = taskOf(async (signal) => {
      seen = signal;
      await promise;
      signal.throwIfAborted();
    });
    await task.start();
    await clock.advance(EVERY_MS);
    let isStopped = false;
    const stopped = task.stop().then(() => (isStopped = true));
    await clock.advance(EVERY_MS);
    expect(seen?.aborted).toBe(true);
    expect(isStopped).toBe(false);
    resolve();
    await stopped;
    expect(warnings).toEqual([]); // that it was told to stop is no failure
  });

  it('tells whether it runs', async () => {
    const task = taskOf(() => Promise.resolve());
    expect(task.name).toBe('sweeper');
    expect(task.isRunning).toBe(false);
    await task.start();
    expect(task.isRunning).toBe(true);
    await task.stop();
    await task.stop();
    expect(task.isRunning).toBe(false);
  });

  it('may be stopped when it never started', async () => {
    const task = taskOf(() => Promise.resolve());
    await task.stop();
    expect(task.isRunning).toBe(false);
  });
});
