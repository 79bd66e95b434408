import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { offlineStoreSuite, type OfflineStorage } from '@slipway/plugin-kit/testing';
import { sized, temporaryDirectory } from '@slipway/testing';
import { offlineStoreDuckdbPlugin } from './index.ts';

offlineStoreSuite(
  'DuckDB',
  async (): Promise<OfflineStorage> => {
    const root = temporaryDirectory();
    const [dataDirectory, directory] = [join(root.path, 'data'), join(root.path, 'files')];
    for (const path of [dataDirectory, directory]) mkdirSync(path);
    return {
      directory,
      create: () =>
        offlineStoreDuckdbPlugin.create(offlineStoreDuckdbPlugin.parseConfig({}), {
          clock: systemClock,
          ids: createIdSource(systemClock, systemRandom),
          log: silentLogger,
          dataDirectory,
        }),
      remove: async () => root.remove(),
    };
  },
  { cases: sized({ small: 2_000, full: 50_000 }) },
);
