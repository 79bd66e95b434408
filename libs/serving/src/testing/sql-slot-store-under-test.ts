import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { createUnitOfWork, openDatabase, type DatabaseTarget } from '@slipway/persistence';
import { modelFailedCodec, modelLoadedCodec } from '../rpc/event-codecs.ts';
import { servingEntities } from '../store/slot-entity.ts';
import { servingMigrations } from '../store/slot-table.ts';
import { SqlSlotStore } from '../store/sql-slot-store.ts';
import type { SlotStoreUnderTest } from './slot-store-suite.ts';

interface StoredEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

const describeFact = ({ type, data }: StoredEvent): string =>
  type === 'slipway.serving.model.loaded.v1'
    ? `loaded ${data['version']} after ${data['previous_version']}`
    : `failed ${data['version']} ${data['reason']} serving ${data['serving_version']}`;

/** The store on a real database, with a second server's slots beside it to be left alone. */
export async function sqlSlotStoreUnderTest(target: DatabaseTarget): Promise<SlotStoreUnderTest> {
  const database = await openDatabase(target, {
    entities: servingEntities,
    migrations: servingMigrations,
    log: silentLogger,
  });
  const ids = createIdSource(systemClock, seededRandom(1));
  const unitOfWork = createUnitOfWork({ database, ids, random: seededRandom(2) });
  const storeOf = (server: string) =>
    new SqlSlotStore({ unitOfWork, server, ids, loaded: modelLoadedCodec, failed: modelFailedCodec });
  const neighbour = { workspace: 'default', model: 'm', alias: 'champion' };
  await storeOf('serving-1').desire(neighbour, { version: 99n, digest: 'e'.repeat(64), revision: 99n });
  return {
    store: storeOf('serving-0'),
    facts: async () => {
      const rows = await unitOfWork.read(({ sql }) =>
        sql.all<{ event: string }>('select event from slipway_outbox order by position'),
      );
      return rows.map(({ event }) => describeFact(JSON.parse(event) as StoredEvent));
    },
    close: () => database.close(),
  };
}
