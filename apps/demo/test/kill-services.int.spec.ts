import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '@slipway/kernel';
import { describeWith, SERVICE_NAMES, sized, startServices, type ServiceName, type Services } from '@slipway/testing';
import { expect, it } from 'vitest';
import { untilAnswered } from '../src/chaos.ts';
import { addressesOfServices, HOLDERS, STORY_SETTINGS, tellStoryOn } from './story-on.ts';
import { calmHashes } from './told-stories.ts';

const SEEDS = sized({ small: [1], full: Array.from({ length: 20 }, (_, index) => index + 1) });
const SLICE = sized({ small: 16, full: 4 });
/** What a victim had begun is taken over sooner than in life. */
const SETTINGS = {
  serving: STORY_SETTINGS,
  streams: { ...STORY_SETTINGS, 'serving.stream-lease-seconds': 4 },
  batch: { 'batch.lease-ms': 4_000, 'pipelines.lease-ms': 4_000 },
};
/** Then the story gets the time to come to its end. */
const KILLS_MAX = sized({ small: 12, full: 60 });
/** Between the start of one victim and the end of the next, milliseconds. */
const PAUSE_MS = { min: 50, max: 500 };

/** Kills one service after the other until it is told to stop. @returns the victims in order. */
async function killAtRandom(services: Services, seed: number, ended: AbortSignal): Promise<ServiceName[]> {
  const random = seededRandom(seed);
  const upTo = (bound: number): number => (Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32) * bound;
  const victims: ServiceName[] = [];
  while (!ended.aborted && victims.length < KILLS_MAX) {
    await delay(PAUSE_MS.min + upTo(PAUSE_MS.max - PAUSE_MS.min));
    if (ended.aborted) break;
    const victim = SERVICE_NAMES[Math.floor(upTo(SERVICE_NAMES.length))] ?? 'registry';
    victims.push(victim);
    await services.crash(victim);
  }
  return victims;
}

describeWith(['nats', 'postgresql', 's3'], 'services that are killed at any moment', () => {
  it('end where those end that nobody kills', { timeout: 600_000 * SEEDS.length }, async () => {
    const expected = await calmHashes(SLICE);
    for (const seed of SEEDS) {
      const services = await startServices({ tokens: HOLDERS, settings: SETTINGS });
      const ended = new AbortController();
      const killing = killAtRandom(services, seed, ended.signal);
      try {
        const at = { slice: SLICE, attempt: untilAnswered };
        const { hashes } = await tellStoryOn(services.tokens, addressesOfServices(services), at);
        ended.abort();
        const victims = await killing;
        process.stdout.write(`seed ${seed}: killed ${victims.join(', ')}\n`);
        expect(hashes).toEqual(expected);
        expect(victims.length).toBeGreaterThan(1); // how many depends on how fast the machine is
      } finally {
        ended.abort();
        await killing.catch(() => []);
        await services.stop();
      }
    }
  });
});
