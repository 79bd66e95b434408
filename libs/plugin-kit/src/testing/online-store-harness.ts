import type { OnlineRow, OnlineStore, OnlineTable, StoredRow } from '../online-store.ts';

/** One empty storage that the suite may open any number of times, also at the same time. */
export interface OnlineStorage {
  /** A store over this storage, not opened yet. */
  create(): OnlineStore;
  /** Ends and removes the storage. */
  remove(): Promise<void>;
}

/** What each test gets: a storage of its own with one open store. */
export interface OnlineStoreFixture {
  readonly storage: OnlineStorage;
  readonly store: OnlineStore;
}

/** Never aborts. */
export const unaborted: AbortSignal = new AbortController().signal;

export const TABLE: OnlineTable = { workspace: 'default', view: 'driver_stats', schema: 'v1' };

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A row whose values are the text; orders that are left out are 0. */
export function rowOf(
  key: string,
  values: string,
  order: { event?: bigint; created?: bigint; arrival?: bigint } = {},
): OnlineRow {
  return {
    key: bytesOf(key),
    values: bytesOf(values),
    eventTime: order.event ?? 0n,
    createdTime: order.created ?? 0n,
    arrival: order.arrival ?? 0n,
  };
}

/** A stored row as `[values as text, event time, created time, arrival]`: a copy, so that it may be kept. */
export function told(row: StoredRow | undefined): readonly [string, bigint, bigint, bigint] | undefined {
  return row && [Buffer.from(row.values).toString(), row.eventTime, row.createdTime, row.arrival];
}

/** What the store has for `keys`, each as the text of its values. */
export async function valuesIn(
  store: OnlineStore,
  keys: readonly string[],
  table: OnlineTable = TABLE,
): Promise<readonly (string | undefined)[]> {
  const [rows = []] = await store.read([{ table, keys: keys.map(bytesOf) }], unaborted);
  return rows.map((row) => row && Buffer.from(row.values).toString());
}

/** What a call throws. @throws when it does not throw. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => ({ failed: false as const }),
    (error: unknown) => ({ failed: true as const, error }),
  );
  if (!outcome.failed) throw new Error('the call should have failed');
  return outcome.error;
}
