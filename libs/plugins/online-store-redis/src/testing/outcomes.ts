import { setTimeout as delay } from 'node:timers/promises';
import type { OnlineRow, OnlineStore, OnlineTable } from '@slipway/plugin-kit';

export const unaborted: AbortSignal = new AbortController().signal;
export const TABLE: OnlineTable = { workspace: 'default', view: 'faults', schema: 'v1' };

export const rowOf = (key: string, values: string, eventTime = 0n): OnlineRow => ({
  key: Buffer.from(key),
  values: Buffer.from(values),
  eventTime,
  createdTime: 0n,
  arrival: 0n,
});

export async function valuesOf(store: OnlineStore, ...keys: readonly string[]): Promise<(string | undefined)[]> {
  const [rows = []] = await store.read([{ table: TABLE, keys: keys.map((key) => Buffer.from(key)) }], unaborted);
  return rows.map((row) => row && Buffer.from(row.values).toString());
}

/** What a call throws; undefined when it does not. */
export const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Repeats a call that fails until it does not. @throws its last error after 10 s. */
export async function untilItWorks<T>(call: () => Promise<T>): Promise<T> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > end) throw error;
      await delay(10);
    }
  }
}
