import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { eventBusSuite } from '@slipway/plugin-kit/testing';
import { temporaryDirectory } from '@slipway/testing';
import { eventBusSqlitePlugin } from './index.ts';

eventBusSuite('sqlite', async () => {
  const directory = temporaryDirectory();
  return {
    open: async () => {
      const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
        clock: systemClock,
        ids: createIdSource(systemClock, seededRandom(1)),
        log: silentLogger,
        dataDirectory: directory.path,
      });
      await bus.open(AbortSignal.timeout(5_000));
      return bus;
    },
    remove: async () => directory.remove(),
  };
});
