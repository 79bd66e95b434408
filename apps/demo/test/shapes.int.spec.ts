import { describeWith, NEEDS_MARK, sized, startContainers, startServices, startSlipway } from '@slipway/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { StoryHashes, StoryOutcome } from '../src/story.ts';
import { addressesOf, addressesOfServices, HOLDERS, STORY_SETTINGS, tellStoryOn } from './story-on.ts';

const SLICE = sized({ small: 16, full: 1 });
const TIMEOUT_MS = sized({ small: 300_000, full: 1_800_000 });

/** What has to be the same wherever the story is told, by shape; each shape is compared with the first. */
const hashes = new Map<string, StoryHashes>();

function compare(shape: string, outcome: StoryOutcome): void {
  expect(outcome.swap).toMatchObject({ failed: 0, wrong: 0 });
  expect(outcome.stream.stored).toBe(outcome.stream.events);
  expect(outcome.stream.asInBatch).toBe(outcome.stream.events);
  expect(outcome.days.losses).toHaveLength(91);
  const [first] = hashes.values();
  hashes.set(shape, outcome.hashes);
  if (first) expect(outcome.hashes).toEqual(first);
}

describe('the story of two principals', () => {
  it('is told in one process with embedded drivers', { timeout: TIMEOUT_MS }, async () => {
    const slipway = await startSlipway({ app: 'slipway', tokens: HOLDERS, settings: STORY_SETTINGS });
    try {
      compare('one process', await tellStoryOn(slipway.tokens, addressesOf(slipway), { slice: SLICE }));
    } finally {
      await slipway.stop();
    }
  });
});

describeWith(['nats', 'postgresql', 's3', 'redis'], 'the same story on NATS, PostgreSQL, S3 and Redis', () => {
  it('ends with the same published outputs and the same inventory', { timeout: TIMEOUT_MS }, async () => {
    const settings = { serving: STORY_SETTINGS, streams: STORY_SETTINGS };
    const services = await startServices({ tokens: HOLDERS, settings });
    try {
      compare('services', await tellStoryOn(services.tokens, addressesOfServices(services), { slice: SLICE }));
    } finally {
      await services.stop();
    }
  });
});

describe('the same story in containers', () => {
  it('ends with the same published outputs and the same inventory', { timeout: 900_000 }, async (context) => {
    const containers = await startContainers({ tokens: HOLDERS });
    // also with CI=true: what runs the tests may forbid containers inside it, and the closing summary says so
    if ('unavailable' in containers) return context.skip(`${NEEDS_MARK}${containers.unavailable}]`);
    try {
      compare('containers', await tellStoryOn(containers.tokens, containers.addresses, { slice: SLICE }));
    } catch (cause) {
      const logs = await containers.compose('logs', '--no-color', '--tail', '40');
      throw new Error(`the story failed in containers:\n${logs}`, { cause });
    } finally {
      await containers.stop();
    }
  });
});

afterAll(() => {
  for (const [shape, { trainingSet, inventory, runs, batch, losses }] of hashes) {
    const shown = Object.entries({ 'training set': trainingSet, inventory, runs, batch, losses });
    process.stdout.write(
      `${shape.padEnd(12)} ${shown.map(([what, hash]) => `${what} ${hash.slice(0, 12)}`).join('  ')}\n`,
    );
  }
});
