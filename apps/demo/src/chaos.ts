import { setTimeout as delay } from 'node:timers/promises';
import { DomainError, seededRandom } from '@slipway/kernel';
import type { Attempt } from './feature-store.ts';

/** Between the start of one server and the end of it, milliseconds. */
const PAUSE_MS = { min: 2_000, max: 6_000 };
const GIVE_UP_MS = 120_000;
const RETRY_MS = 100;

/** Makes a step until it is answered: after a broken connection nobody knows whether it took place. */
export const untilAnswered: Attempt = async (step) => {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      const isOpen = error instanceof DomainError && (error.kind === 'unavailable' || error.kind === 'conflict');
      if (!isOpen || performance.now() > giveUpAt) throw error;
      await delay(RETRY_MS);
    }
  }
};

/** Kills at moments that follow from the seed, until it is told to stop. @returns how often. */
export async function killAtRandom(crash: () => Promise<void>, seed: number, ended: AbortSignal): Promise<number> {
  const random = seededRandom(seed);
  const upTo = (bound: number): number => (Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32) * bound;
  let kills = 0;
  for (;;) {
    await delay(PAUSE_MS.min + upTo(PAUSE_MS.max - PAUSE_MS.min), undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return kills;
    await crash();
    kills += 1;
  }
}
