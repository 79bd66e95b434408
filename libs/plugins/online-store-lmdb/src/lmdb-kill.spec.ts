import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { seededRandom, type OnlineStore } from '@slipway/plugin-kit';
import { sized, temporaryDirectory } from '@slipway/testing';
import { describe, expect, it } from 'vitest';
import { isWhole, KILL_KEYS, KILL_TABLE, killKey } from './testing/checked-rows.ts';
import { storeIn } from './testing/stores.ts';

const SEED = 20_261_121;
const SCRIPT = fileURLToPath(new URL('./testing/write-for-ever.ts', import.meta.url));
const unaborted = new AbortController().signal;

type Order = readonly [event: bigint, created: bigint];
/** What was said of each key: every order begun, and the greatest acknowledged. */
interface Said {
  readonly started: Set<string>;
  greatest: Order | undefined;
}

const isGreater = (a: Order, b: Order): boolean => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);

/** Runs a writer and kills it `afterMs` after its first acknowledgement. */
async function writeUntilKilled(
  directory: string,
  durability: string,
  writer: number,
  first: bigint,
  afterMs: number,
): Promise<string[]> {
  const child = spawn(process.execPath, [SCRIPT, directory, durability, `${writer}`, `${first}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  let armed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (!armed && printed.includes('stored')) setTimeout(() => child.kill('SIGKILL'), afterMs);
    armed ||= printed.includes('stored');
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return printed.split('\n').slice(0, -1); // a line cut off by the kill was not told to anybody
}

function follow(said: Said[], lines: readonly string[]): number {
  let acknowledged = 0;
  for (const line of lines) {
    const [verb, event = '', created = '', keys = ''] = line.split(' ');
    const order: Order = [BigInt(event), BigInt(created)];
    if (verb === 'stored') acknowledged += 1;
    for (const key of keys.split(',').map(Number)) {
      const own = (said[key] ??= { started: new Set(), greatest: undefined });
      if (verb === 'started') own.started.add(`${event} ${created}`);
      else if (!own.greatest || isGreater(order, own.greatest)) own.greatest = order;
    }
  }
  return acknowledged;
}

async function check(store: OnlineStore, said: readonly Said[]): Promise<void> {
  const keys = Array.from({ length: KILL_KEYS }, (_, index) => killKey(index));
  const [rows = []] = await store.read([{ table: KILL_TABLE, keys }], unaborted);
  for (const [key, row] of rows.entries()) {
    const own = said[key];
    if (!row) {
      expect(own?.greatest, `key ${key}`).toBeUndefined();
      continue;
    }
    expect(isWhole(key, row), `key ${key}`).toBe(true);
    expect(own?.started, `key ${key}`).toContain(`${row.eventTime} ${row.createdTime}`);
    const lost = own?.greatest && isGreater(own.greatest, [row.eventTime, row.createdTime]);
    expect(lost, `key ${key} holds ${row.eventTime}, acknowledged was ${own?.greatest?.join(' ')}`).toBeFalsy();
  }
}

describe('killing the processes that write', () => {
  it.each(['process', 'power'])(
    'with durability %s keeps everything acknowledged, whole',
    async (durability) => {
      using directory = temporaryDirectory();
      const random = seededRandom(SEED);
      const said: Said[] = [];
      let acknowledged = 0;
      for (let round = 0; round < sized({ small: 20, full: 200 }); round++) {
        const first = BigInt(round) * 1_000_000n; // later rounds are newer: what they acknowledge must replace what is there
        const writers = round % 4 === 3 ? [1, 2] : [1];
        const lines = await Promise.all(
          writers.map((writer) =>
            writeUntilKilled(directory.path, durability, writer, first, Math.floor(random.next() * 60)),
          ),
        );
        for (const some of lines) acknowledged += follow(said, some);
        const store = storeIn(directory.path, { durability });
        await store.open(AbortSignal.timeout(5_000));
        await check(store, said);
        await store.close();
      }
      expect(acknowledged).toBeGreaterThan(100); // or the kills came too early to prove anything
    },
    sized({ small: 110_000, full: 900_000 }),
  );
});
