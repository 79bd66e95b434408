import { createHash } from 'node:crypto';
import { createIdSource, seededRandom, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { artifactPath } from '@slipway/plugin-kit';
import { artifactsLocalPlugin } from '../index.ts';

/**
 * Writes, replaces and deletes until it is killed; each line on stdout tells what is done: `start <path> <sha256>` before a write, `done <path> <sha256>`
 * once it is acknowledged, `gone <path>` around a delete. Arguments: directory, seed.
 */
const [directory = '', seed = '0'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const signal = new AbortController().signal;
const ids = createIdSource(systemClock, systemRandom);
const store = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), {
  clock: systemClock,
  ids,
  log: silentLogger,
  dataDirectory: directory,
});
await store.open(signal);

const say = (line: string): Promise<void> =>
  new Promise((resolve) => void process.stdout.write(`${line}\n`, () => resolve()));

async function* content(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 3001) yield bytes.subarray(offset, offset + 3001);
}

async function work(worker: number): Promise<never> {
  for (let round = 0; ; round++) {
    const name = Math.floor(random.next() * 6);
    const path = artifactPath('default', `w${worker}`, `dir${name % 3}`, `f${name}`);
    if (random.next() < 0.2) {
      await say(`drop ${path}`);
      await store.delete(path, signal);
      await say(`gone ${path}`);
      continue;
    }
    // Few different contents, so that the same one is stored under several paths and replaced by itself.
    const bytes = new Uint8Array(1 + Math.floor(random.next() * 8) * 9_000).fill(1 + Math.floor(random.next() * 3));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await say(`start ${path} ${sha256}`);
    const ifAbsent = random.next() < 0.3;
    const done = await store.write(path, content(bytes), { ifAbsent }, signal).then(
      () => true,
      () => false, // exists already: what was there stays
    );
    await say(done ? `done ${path} ${sha256}` : `kept ${path}`);
  }
}

await Promise.all([0, 1, 2].map(work));
