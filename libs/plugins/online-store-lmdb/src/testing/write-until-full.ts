import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@slipway/plugin-kit';
import { storeIn } from './stores.ts';

/** Fills the store until a write fails, then reads back and overwrites; prints what came of it as JSON. Argument: data directory. */
const [dataDirectory = ''] = process.argv.slice(2);
const unaborted = new AbortController().signal;
const table = { workspace: 'default', view: 'full', schema: 'v1' };
const store = storeIn(dataDirectory);
await store.open(unaborted);
const row = (index: number, eventTime: bigint) => ({
  key: Buffer.from(`k${index}`),
  values: Buffer.alloc(4_000, `${index}`),
  eventTime,
  createdTime: 0n,
  arrival: 0n,
});
let acknowledged = 0;
let failure: unknown;
while (acknowledged < 5_000 && failure === undefined) {
  try {
    await store.write(table, [row(acknowledged, 0n)], unaborted);
    acknowledged += 1;
  } catch (error) {
    failure = error;
  }
}
await delay(5);
const [rows = []] = await store.read(
  [{ table, keys: Array.from({ length: acknowledged }, (_, index) => row(index, 0n).key) }],
  unaborted,
);
const again = await store.write(table, [row(acknowledged, 0n)], unaborted).then(
  () => 'stored',
  (error: unknown) => (error instanceof DomainError ? error.reason : String(error)),
);
await store.close();
const told =
  failure instanceof DomainError
    ? { kind: failure.kind, reason: failure.reason }
    : { kind: String(failure), reason: '' };
process.stdout.write(JSON.stringify({ ...told, acknowledged, read: rows.filter((found) => found).length, again }));
