import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { sized, temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { eventBusSqlitePlugin } from './index.ts';

const SEED = 20_261_121;

async function publishUntilKilled(directory: string, round: number, afterMs: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./testing/publish-for-ever.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory, `${round}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (printed === '') setTimeout(() => child.kill('SIGKILL'), afterMs); // counted from the first confirmed message
    printed += chunk.toString();
  });
  await once(child, 'close');
  return printed.split('\n').slice(0, -1); // a line cut off by the kill was not confirmed to anybody
}

async function readAll(directory: string): Promise<{ id: string; sequence: bigint; key: string; fill: string }[]> {
  const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(1)),
    log: silentLogger,
    dataDirectory: directory,
  });
  await bus.open(AbortSignal.timeout(5_000));
  const found: { id: string; sequence: bigint; key: string; fill: string }[] = [];
  const subscription = await bus.subscribe(
    {
      durable: 'reader',
      subject: '>',
      from: 'beginning',
      ackWaitMs: 5_000,
      deliveriesMax: 1,
      backoffMs: [0],
      inFlightMax: 1_024,
      handlerTimeoutMs: 5_000,
      deadLetter: (delivery) => delivery,
    },
    async ({ id, sequence, key, data }) => {
      found.push({ id, sequence, key, fill: Buffer.from(data).toString('latin1', 0, id.length) });
    },
  );
  // Not until the last sequence is seen: another key may still have messages before it.
  while (subscription.status().pending !== 0n) await systemClock.sleep(5);
  await bus.close();
  return found;
}

it('kill -9 at random moments: everything confirmed is there, in order, once', async () => {
  using directory = temporaryDirectory();
  const random = seededRandom(SEED);
  const rounds = sized({ small: 20, full: 200 });
  const confirmed: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const lines = await publishUntilKilled(directory.path, round, Math.floor(random.next() * 60));
    expect(lines.length).toBeGreaterThan(0);
    confirmed.push(...lines);
  }
  const found = await readAll(directory.path);
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  expect(found.every(({ id, fill }) => fill === id)).toBe(true);
  const stored = new Set(found.map(({ id, sequence }) => `${id} ${sequence}`));
  expect(confirmed.filter((line) => !stored.has(line))).toEqual([]);
  const positions = new Map<string, number[]>();
  for (const { id, key } of found) {
    const [, , turn = '', part] = id.split('-');
    const own = positions.get(key) ?? [];
    own.push(Number(turn) * 2 + (part === 'b' ? 1 : 0));
    positions.set(key, own);
  }
  for (const own of positions.values()) expect(own).toEqual(own.map((_, index) => index));
}, 120_000);
