import { afterEach, beforeEach, describe } from 'vitest';
import type { OfflineStore } from '../index.ts';
import { Bench, never, type OfflineStorage } from './offline-store-harness.ts';
import { arrivalsContract } from './offline-store-suite-arrivals.ts';
import { callsContract } from './offline-store-suite-calls.ts';
import { ingestContract } from './offline-store-suite-ingest.ts';
import { joinContract } from './offline-store-suite-join.ts';
import { latestContract } from './offline-store-suite-latest.ts';
import { randomContract } from './offline-store-suite-random.ts';

/**
 * The contract of the offline store: each sentence of the port with an example, then random tables against an oracle of nested loops.
 * @param make gives an empty storage.
 * @param options.cases random tables to try, each small.
 */
export function offlineStoreSuite(
  name: string,
  make: () => Promise<OfflineStorage>,
  options: { readonly cases: number },
): void {
  describe(`offline store contract: ${name}`, () => {
    let storage: OfflineStorage;
    let store: OfflineStore;
    let bench: Bench;
    beforeEach(async () => {
      storage = await make();
      store = storage.create();
      await store.open(never);
      bench = new Bench(store, storage.directory);
    });
    afterEach(async () => {
      await store.close();
      await storage.remove();
    });
    ingestContract(() => bench);
    joinContract(() => bench);
    latestContract(() => bench);
    arrivalsContract(
      () => bench,
      () => storage,
    );
    callsContract(
      () => bench,
      () => storage,
    );
    randomContract(() => bench, options.cases);
  });
}
