import { expect, it } from 'vitest';
import { quiesce } from '../testing/manual-clock.ts';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

it('runs so many at once, the others in order, and refuses when too many wait', async () => {
  const turns = new Turns(2, 3);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const work = (index: number) => () => {
    started.push(index);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  const runs = [0, 1, 2, 3, 4].map((index) => turns.run(work(index), never));
  await expect(turns.run(work(5), never)).rejects.toThrow('Exceeds maximum queue size');
  expect(started).toEqual([0, 1]);
  for (const next of [
    [0, 1, 2],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
  ]) {
    ends.shift()?.();
    await quiesce();
    expect(started).toEqual(next);
  }
  for (const end of ends) end();
  await Promise.all(runs);
});

it('gives the turn of one that failed or left to the next', async () => {
  const turns = new Turns(1, 10);
  const abort = new AbortController();
  let ran = false;
  const failing = turns.run(() => Promise.reject(new Error('broken')), never);
  const leaving = turns.run(async () => (ran = true), abort.signal);
  const last = turns.run(async () => 'done', never);
  abort.abort(new Error('left'));
  await expect(failing).rejects.toThrow('broken');
  await expect(leaving).rejects.toThrow('left');
  expect(await last).toBe('done');
  expect(ran).toBe(false);
});
