import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sized } from '@slipway/testing';
import { describe, expect, it } from 'vitest';
import type { StoryHashes } from '../src/story.ts';
import { calmHashes } from './told-stories.ts';

const run = promisify(execFile);
const DEMO = join(import.meta.dirname, '../src/main.ts');
const SLICE = sized({ small: '16', full: '1' });
const SEEDS = sized({ small: [1], full: Array.from({ length: 100 }, (_, index) => index + 1) });
const TELL_MS = sized({ small: 240_000, full: 900_000 });
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

interface Told {
  readonly hashes: StoryHashes;
  readonly stream: { readonly events: number; readonly stored: number };
}

/** The demo as a user starts it, its server killed at moments of a seed. @returns what it prints with `--json`, and what it said meanwhile. */
async function tell(seed: number): Promise<{ told: Told; said: string }> {
  const options = ['--json', '--slice', SLICE, '--calls', '300', '--chaos', `${seed}`];
  const { stdout, stderr } = await run(process.execPath, [DEMO, ...options], {
    timeout: TELL_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return { told: JSON.parse(stdout) as Told, said: stderr };
}

describe('the demo with a server that is killed every few seconds', () => {
  it('ends where the calm one ends', { timeout: TELL_MS * (SEEDS.length + 1) }, async () => {
    const calm = await calmHashes(Number(SLICE));
    for (const seed of SEEDS) {
      const { told, said } = await tell(seed);
      const kills = Number(/was killed (\d+) times/.exec(said)?.[1]);
      process.stdout.write(`seed ${seed}: ${kills} kills\n`);
      expect(kills).toBeGreaterThan(1);
      expect(told.hashes).toEqual(calm);
      expect(told.stream.stored).toBe(told.stream.events);
    }
  });
});
