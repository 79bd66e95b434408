import { seededRandom, type Caller, type Clock } from '@slipway/kernel';
import { encodePayload } from '@slipway/contracts';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import type { Call, TrackingUnitOfWork } from '../domain/unit-of-work.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { trackingEntities } from '../store/entities.ts';
import { trackingMigrations } from '../store/migrations/tracking-migrations.ts';
import { createTrackingUnitOfWork } from '../store/tracking-unit-of-work.ts';
import { InMemoryTracking } from './in-memory-tracking.ts';

/** A fact as it lies in the outbox. */
export interface StoredFact {
  readonly workspace: string;
  readonly type: string;
  readonly key: string;
  /** proto3 JSON of the payload. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** One empty state for one test. */
export interface TrackingHarness {
  readonly unitOfWork: TrackingUnitOfWork;
  /** What waits to be published, in the order of commits. */
  facts(): Promise<readonly StoredFact[]>;
  audit(): Promise<readonly { workspace: string; principal: string; action: string; resource: string }[]>;
  stop(): Promise<void>;
}

export const callerOf = (principal: string, workspace = 'default'): Caller => ({
  principal,
  workspace,
  allWorkspaces: false,
  permissions: new Set(['*']),
});

export const callBy = (principal: string, workspace = 'default'): Call => ({
  caller: callerOf(principal, workspace),
  requestId: `call-of-${principal}`,
});

export function inMemoryHarness(clock: Clock): Promise<TrackingHarness> {
  const tracking = new InMemoryTracking(clock);
  return Promise.resolve({
    unitOfWork: tracking,
    facts: () =>
      Promise.resolve(
        tracking.state.facts.map(({ workspace, fact }) => {
          const { definition, payload } = encodeFact(fact);
          const data = encodePayload(definition, payload);
          return { workspace, type: definition.type, key: definition.key(payload), data };
        }),
      ),
    audit: () => Promise.resolve(tracking.state.audit),
    stop: () => Promise.resolve(),
  });
}

interface OutboxRow {
  readonly workspace: string;
  readonly type: string;
  readonly key: string;
  readonly event: string;
}

/** The real store on a fresh database. */
export async function databaseHarness(databases: TestDatabases, clock: Clock): Promise<TrackingHarness> {
  const options = { entities: trackingEntities, migrations: trackingMigrations, clock };
  const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), options);
  return {
    unitOfWork: createTrackingUnitOfWork(unitOfWork, encodeFact, seededRandom(11)),
    facts: () =>
      unitOfWork.read(async ({ sql }) => {
        const rows = await sql.all<OutboxRow>(
          'select workspace, type, key, event from slipway_outbox order by position',
        );
        return rows.map(({ event, ...row }) => ({
          ...row,
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
