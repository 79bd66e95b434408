import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSlipway } from '@slipway/testing';
import { expect, inject } from 'vitest';
import type { StoryHashes, StoryOutcome } from '../src/story.ts';
import { addressesOf, HOLDERS, STORY_SETTINGS, tellStoryOn } from './story-on.ts';

const prefixOf = (slice: number): string => `story-${slice}-`;

/** What calm tellings of this run ended with, by shape. Test files run in processes of their own, so it is in files. */
function tellings(slice: number): readonly (readonly [shape: string, hashes: StoryHashes])[] {
  const [folder, prefix] = [inject('runDirectory'), prefixOf(slice)];
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .map((name) => [
      name.slice(prefix.length, -'.json'.length),
      JSON.parse(readFileSync(join(folder, name), 'utf8')) as StoryHashes,
    ]);
}

/**
 * Looks at a telling that nobody disturbed, and compares it with all others of this run that took the same part of the airports: wherever
 * the story is told, it ends the same.
 */
export function compareTelling(shape: string, slice: number, outcome: StoryOutcome): void {
  expect(outcome.swap).toMatchObject({ failed: 0, wrong: 0 });
  expect(outcome.stream.stored).toBe(outcome.stream.events);
  expect(outcome.stream.asInBatch).toBe(outcome.stream.events);
  expect(outcome.days.losses).toHaveLength(91);
  const { hashes } = outcome;
  const { trainingSet, inventory, runs, batch, losses } = hashes;
  const shown = Object.entries({ 'training set': trainingSet, inventory, runs, batch, losses });
  process.stdout.write(
    `${shape.padEnd(12)} ${shown.map(([what, hash]) => `${what} ${hash.slice(0, 12)}`).join('  ')}\n`,
  );
  const file = join(inject('runDirectory'), `${prefixOf(slice)}${shape}.json`);
  const part = `${file}.${process.pid}`;
  writeFileSync(part, JSON.stringify(hashes));
  renameSync(part, file); // before it is compared: of two that end at once the second sees the first
  for (const [other, theirs] of tellings(slice)) expect(hashes, `${shape} ends as ${other}`).toEqual(theirs);
}

/**
 * What a story ends with that nobody disturbs. It takes a minute to tell, so each run tells it in one process once: the first that asks does,
 * or the documentation test, which needs a server that has seen it.
 */
export async function calmHashes(slice: number): Promise<StoryHashes> {
  const [told] = tellings(slice);
  if (told) return told[1];
  const slipway = await startSlipway({ app: 'slipway', tokens: HOLDERS, settings: STORY_SETTINGS });
  try {
    const outcome = await tellStoryOn(slipway.tokens, addressesOf(slipway), { slice });
    compareTelling('one process', slice, outcome);
    return outcome.hashes;
  } finally {
    await slipway.stop();
  }
}
