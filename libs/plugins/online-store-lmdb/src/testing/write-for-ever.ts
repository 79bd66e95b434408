import { writeSync } from 'node:fs';
import { seededRandom, systemClock } from '@slipway/plugin-kit';
import { checkedRow, KILL_KEYS, KILL_TABLE } from './checked-rows.ts';
import { storeIn } from './stores.ts';

/**
 * Writes until it is killed; prints `started TIME CREATED KEYS` before and `stored TIME CREATED KEYS` after each acknowledged call.
 * Arguments: data directory, durability, number of this writer (its created time), first event time.
 */
const [dataDirectory = '', durability = '', writer = '', first = ''] = process.argv.slice(2);
const store = storeIn(dataDirectory, { durability });
await store.open(AbortSignal.timeout(5_000));
const random = seededRandom(Number(first) + Number(writer));
const unaborted = new AbortController().signal;
let time = BigInt(first);

async function write(): Promise<never> {
  for (;;) {
    time += 1n;
    const own = time;
    const keys = new Set(
      Array.from({ length: 1 + Math.floor(random.next() * 20) }, () => Math.floor(random.next() * KILL_KEYS)),
    );
    const line = `${own} ${writer} ${[...keys].join(',')}\n`;
    writeSync(1, `started ${line}`);
    await store.write(
      KILL_TABLE,
      [...keys].map((key) => checkedRow(key, own, BigInt(writer))),
      unaborted,
    );
    writeSync(1, `stored ${line}`); // at once, so that what the parent read was acknowledged
    if (time % 8n === 0n) await systemClock.sleep(0);
  }
}

await Promise.all([write(), write(), write()]);
