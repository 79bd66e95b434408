import { onlineStoreSuite } from '@slipway/plugin-kit/testing';
import { temporaryDirectory } from '@slipway/testing';
import { storeIn } from './testing/stores.ts';

for (const durability of ['process', 'power']) {
  onlineStoreSuite(`lmdb, durability ${durability}`, async () => {
    const directory = temporaryDirectory();
    return {
      create: () => storeIn(directory.path, { durability }),
      remove: async () => directory.remove(),
    };
  });
}
