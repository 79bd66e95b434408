import { afterEach, beforeEach, describe } from 'vitest';
import { unaborted, type OnlineStorage, type OnlineStoreFixture } from './online-store-harness.ts';
import { concurrencyTests } from './online-store-suite-concurrency.ts';
import { lifecycleTests } from './online-store-suite-lifecycle.ts';
import { limitTests } from './online-store-suite-limits.ts';
import { modelTests } from './online-store-suite-model.ts';
import { orderTests } from './online-store-suite-order.ts';
import { tableTests } from './online-store-suite-tables.ts';

/** The contract of the online store port. `make` gives an empty storage for each test. */
export function onlineStoreSuite(name: string, make: () => Promise<OnlineStorage>): void {
  describe(`online store contract: ${name}`, () => {
    let fixture: OnlineStoreFixture | undefined;
    beforeEach(async () => {
      const storage = await make();
      const store = storage.create();
      fixture = { storage, store };
      await store.open(unaborted);
    });
    afterEach(async () => {
      await fixture?.store.close();
      await fixture?.storage.remove();
      fixture = undefined;
    });
    const current = (): OnlineStoreFixture => {
      if (!fixture) throw new Error('only inside a test');
      return fixture;
    };
    orderTests(current);
    tableTests(current);
    limitTests(current);
    lifecycleTests(current);
    concurrencyTests(current);
    modelTests(current);
  });
}
