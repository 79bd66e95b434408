import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createIdSource, seededRandom, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { sized, temporaryDirectory } from '@slipway/testing';
import { describe, expect, it } from 'vitest';
import { artifactsLocalPlugin } from './index.ts';
import { leftovers } from './testing/leftovers.ts';

const WRITER = join(import.meta.dirname, 'testing', 'kill-writer.ts');
const signal = new AbortController().signal;

/** Digests a path may have after the kill; `null` stands for being absent. One worker at a time touches a path. */
type Expected = Map<string, Set<string | null>>;

/** Runs the writer, kills it after `ms` of work, and tells what it said. */
async function runAndKill(directory: string, seed: number, ms: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, directory, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  await delay(ms);
  child.kill('SIGKILL');
  await closed;
  expect(child.signalCode, errors).toBe('SIGKILL');
  return output.split('\n').slice(0, -1); // the last line may be cut short
}

function follow(expected: Expected, lines: readonly string[]): void {
  const before: Expected = new Map();
  for (const line of lines) {
    const [verb, path = '', sha256 = ''] = line.split(' ');
    const possible = expected.get(path) ?? new Set([null]);
    if (verb === 'start') before.set(path, new Set([...possible].filter((digest) => digest !== null)));
    if (verb === 'start') expected.set(path, new Set([...possible, sha256]));
    else if (verb === 'kept')
      expected.set(path, before.get(path) ?? new Set()); // refused: it must not have come through
    else if (verb === 'drop') expected.set(path, new Set([...possible, null]));
    else if (verb === 'done') expected.set(path, new Set([sha256]));
    else if (verb === 'gone') expected.set(path, new Set([null]));
  }
}

async function check(store: ArtifactStore, expected: Expected): Promise<number> {
  let present = 0;
  for (const [path, possible] of expected) {
    const info = await store.stat(artifactPath(path), signal);
    expect(possible, path).toContain(info?.sha256 ?? null);
    if (info) {
      present += 1;
      const hash = createHash('sha256');
      for await (const chunk of await store.read(artifactPath(path), undefined, signal)) hash.update(chunk);
      expect(hash.digest('hex'), path).toBe(info.sha256);
    }
    expected.set(path, new Set([info?.sha256 ?? null])); // what is seen once must stay
  }
  const listed = await store.list(artifactPath('default'), { pageSize: 1000 }, signal);
  expect(listed.items).toHaveLength(present);
  return present;
}

describe('killing the process that writes', () => {
  it('loses nothing acknowledged, shows nothing partial and leaves nothing behind', { timeout: 110_000 }, async () => {
    const seed = 20_261_121;
    const random = seededRandom(seed);
    const directory = temporaryDirectory();
    const expected: Expected = new Map();
    let acknowledged = 0;
    let interrupted = 0;
    for (let round = 0; round < sized({ small: 20, full: 300 }); round++) {
      const lines = await runAndKill(directory.path, seed + round, random.next() * 120);
      acknowledged += lines.filter((line) => line.startsWith('done')).length;
      interrupted += leftovers(directory.path).length;
      follow(expected, lines);
      const store = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
        clock: systemClock,
        ids: createIdSource(systemClock, systemRandom),
        log: silentLogger,
        dataDirectory: directory.path,
      });
      await store.open(signal);
      expect(leftovers(directory.path), `round ${round}, seed ${seed}`).toEqual([]);
      await check(store, expected);
      await store.close();
    }
    expect(acknowledged).toBeGreaterThan(100); // or the kills came too early to prove anything
    expect(interrupted).toBeGreaterThan(10);
    directory.remove();
  });
});
