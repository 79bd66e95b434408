import { createIdSource, seededRandom, type Clock } from '@slipway/kernel';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import { encodeFact } from '../rpc/event-codecs.ts';
import { blobLedger } from '../store/blob-claims.ts';
import { registryEntities } from '../store/entities.ts';
import { registryMigrations } from '../store/migrations/registry-migrations.ts';
import { createRegistryUnitOfWork } from '../store/registry-unit-of-work.ts';
import { callBy } from './registry-fixture.ts';
import type { RegistryStoreHarness } from './registry-store-harness.ts';

interface OutboxRow {
  readonly workspace: string;
  readonly type: string;
  readonly key: string;
  readonly event: string;
}

/** The real store on a fresh database. */
export async function databaseHarness(databases: TestDatabases, clock: Clock): Promise<RegistryStoreHarness> {
  const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), {
    entities: registryEntities,
    migrations: registryMigrations,
    clock,
  });
  const announcements = { ids: createIdSource(clock, seededRandom(3)), wake: () => undefined };
  return {
    unitOfWork: createRegistryUnitOfWork(unitOfWork, encodeFact, announcements),
    ledger: blobLedger(unitOfWork, callBy('sweeper')),
    facts: () =>
      unitOfWork.read(async ({ sql }) => {
        const rows = await sql.all<OutboxRow>(
          'select workspace, type, key, event from slipway_outbox order by position',
        );
        return rows.map(({ workspace, type, key, event }) => ({
          workspace,
          type,
          key,
          data: (JSON.parse(event) as { data: Record<string, unknown> }).data,
        }));
      }),
    audit: () =>
      unitOfWork.read(({ sql }) =>
        sql.all('select workspace, principal, action, resource from slipway_audit_record order by workspace, sequence'),
      ),
    stop: () => database.close(),
  };
}
