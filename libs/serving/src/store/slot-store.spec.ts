import { join } from 'node:path';
import { temporaryDirectory } from '@slipway/testing';
import { MemorySlotStore } from '../testing/memory-slot-store.ts';
import { slotStoreSuite } from '../testing/slot-store-suite.ts';
import { sqlSlotStoreUnderTest } from '../testing/sql-slot-store-under-test.ts';

slotStoreSuite('in memory', async () => {
  const store = new MemorySlotStore();
  const facts = async () =>
    store.facts.map((fact) =>
      fact.kind === 'loaded'
        ? `loaded ${fact.actual.version} after ${fact.previous}`
        : `failed ${fact.desired.version} ${fact.reason} serving ${fact.serving}`,
    );
  return { store, facts, close: async () => undefined };
});

slotStoreSuite('SQLite', async () => {
  const directory = temporaryDirectory();
  const made = await sqlSlotStoreUnderTest({ driver: 'sqlite', file: join(directory.path, 'serving.db') });
  const close = async (): Promise<void> => {
    await made.close();
    directory.remove();
  };
  return { ...made, close };
});
