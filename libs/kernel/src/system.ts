import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

const ORIGIN_MICROS = BigInt(Math.round(performance.timeOrigin * 1000));

/** The machine's own clock. Wall time follows adjustments of the system clock; sub-millisecond digits come from the monotonic one. */
export const systemClock: Clock = {
  now: () => {
    const monotonic = ORIGIN_MICROS + BigInt(Math.round(performance.now() * 1000));
    const wall = BigInt(Date.now()) * 1000n;
    const drift = monotonic - wall;
    return drift > -2000n && drift < 2000n ? monotonic : wall; // the system clock was adjusted since start
  },
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};

/** The machine's own source of randomness. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
