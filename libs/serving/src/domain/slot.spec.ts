import { expect, it } from 'vitest';
import {
  desire,
  isSuperseded,
  loadFailed,
  loadStarted,
  loadSucceeded,
  newSlot,
  nextLoad,
  retry,
  slotState,
} from './slot.ts';

const KEY = { workspace: 'w', model: 'm', alias: 'a' };
const target = (revision: bigint, version = revision) => ({ version, digest: `d${version}`, revision });
const away = { reason: 'UNAVAILABLE', message: '', retryable: true, attempts: 1 };

it('keeps what is desired against repeats and late moves', () => {
  const slot = newSlot(KEY, target(2n));
  expect(desire(slot, target(2n, 9n))).toBe(slot);
  expect(desire(slot, target(1n, 9n))).toBe(slot);
  expect(desire(slot, target(3n)).desired).toEqual(target(3n));
});

it('does not serve a load that was superseded while it ran, not even when nothing answers', () => {
  const loading = loadStarted(newSlot(KEY, target(1n)), target(1n));
  const moved = desire(loading, target(2n));
  expect([isSuperseded(loading), isSuperseded(moved)]).toEqual([false, true]);
  const ended = loadSucceeded(moved);
  expect([ended.actual, nextLoad(ended)]).toEqual([undefined, target(2n)]);
  expect(loadFailed(moved, away).failure).toBeUndefined();
});

it('walks through its states', () => {
  const fresh = newSlot(KEY, target(1n));
  const failed = loadFailed(loadStarted(fresh, target(1n)), away);
  expect(nextLoad(failed)).toBeUndefined();
  const ready = loadSucceeded(loadStarted(retry(failed), target(1n)));
  const behind = loadFailed(loadStarted(desire(ready, target(2n)), target(2n)), { ...away, retryable: false });
  expect(nextLoad(retry(behind))).toBeUndefined();
  const deleted = desire(behind, target(3n, 0n));
  expect([fresh, failed, ready, behind, deleted].map(slotState)).toEqual([
    'loading',
    'failed',
    'ready',
    'ready',
    'absent',
  ]);
  expect(deleted.actual).toBeUndefined();
});
