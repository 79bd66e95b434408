import { describeWith, sized, startServices } from '@slipway/testing';
import { expect, it } from 'vitest';
import { addressesOfServices, HOLDERS, STORY_SETTINGS, tellStoryOn } from './story-on.ts';
import { calmHashes, compareTelling } from './told-stories.ts';

const SLICE = sized({ small: 16, full: 1 });
const TIMEOUT_MS = sized({ small: 600_000, full: 3_600_000 });

// in containers: containers.int.spec.ts
describeWith(['nats', 'postgresql', 's3', 'redis'], 'the story on NATS, PostgreSQL, S3 and Redis', () => {
  it('ends with what it ends with in one process with embedded drivers', { timeout: TIMEOUT_MS }, async () => {
    const inOneProcess = await calmHashes(SLICE);
    const settings = { serving: STORY_SETTINGS, streams: STORY_SETTINGS };
    const services = await startServices({ tokens: HOLDERS, settings });
    try {
      const outcome = await tellStoryOn(services.tokens, addressesOfServices(services), { slice: SLICE });
      compareTelling('services', SLICE, outcome);
      expect(outcome.hashes).toEqual(inOneProcess);
    } finally {
      await services.stop();
    }
  });
});
