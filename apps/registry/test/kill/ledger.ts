import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { aliasMoved, approvalGranted, modelChanged, versionCreated } from '@slipway/contracts';
import type { Clock, Component, EventDefinition, IdSource, Logger, Random } from '@slipway/kernel';
import { Migration } from '@mikro-orm/migrations';
import {
  createEventConsumer,
  createUnitOfWork,
  openDatabase,
  type Database,
  type MigrationLists,
  type Transaction,
} from '@slipway/persistence';
import type { EventBus } from '@slipway/plugin-kit';

/** Bus-side steps at which a consumer ends its process: before the effect, within its transaction, and after its commit but before the acknowledgement. */
export const CONSUMER_STEPS = ['delivered', 'effect-done', 'effect-committed'] as const;
export type ConsumerStep = (typeof CONSUMER_STEPS)[number];

/** An event as the consumer applied it; `position` grows in the order of commits. */
export interface AppliedEvent {
  readonly position: number;
  readonly event_id: string;
  readonly type: string;
  readonly key: string;
  /** JSON of the payload. */
  readonly data: string;
}

/** No unique index on the event: applying one twice has to show. */
class AppliedTable extends Migration {
  override readonly name = 'applied-0001';
  override up(): void {
    this.addSql(
      `create table applied (position integer primary key autoincrement, workspace text not null, event_id text not null,
       type text not null, key text not null, data text not null)`,
    );
  }
}
const migrations: MigrationLists = { sqlite: [AppliedTable], postgresql: [] };

/** Where the consumer keeps what it applied, and a line for each delivery. */
export const ledgerFiles = (directory: string) => ({
  database: join(directory, 'ledger.sqlite'),
  deliveries: join(directory, 'deliveries.log'),
});

export const openLedgerDatabase = (directory: string, log: Logger): Promise<Database> =>
  openDatabase({ driver: 'sqlite', file: ledgerFiles(directory).database }, { entities: [], migrations, log });

/** Everything applied, in the order of commits. */
export const readApplied = (database: Database): Promise<readonly AppliedEvent[]> =>
  database.read(({ sql }) =>
    sql.all<AppliedEvent>('select position, event_id, type, key, data from applied order by position'),
  );

const DEFINITIONS: Readonly<Record<string, EventDefinition<object>>> = {
  modelChanged,
  versionCreated,
  aliasMoved,
  approvalGranted,
};
const DELIVERY = { ackWaitMs: 2_000, inFlightMax: 64, backoffMs: [50, 250], deliveriesMax: 50 } as const;

/** Consumes every kind of event that the load makes, each with a durable of its own, and writes one row per event. */
export async function openLedger(options: {
  readonly bus: EventBus;
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly random: Random;
  readonly log: Logger;
  readonly atStep?: (step: ConsumerStep) => void;
}): Promise<Component> {
  const { bus, directory, clock, ids, random, log, atStep } = options;
  const { deliveries } = ledgerFiles(directory);
  const database = await openLedgerDatabase(directory, log);
  const unitOfWork = createUnitOfWork({ database, ids, random });
  const consumers = Object.entries(DEFINITIONS).map(([name, definition]) =>
    createEventConsumer({
      bus,
      unitOfWork,
      clock,
      log,
      delivery: DELIVERY,
      durable: `ledger-${name}`,
      service: 'ledger',
      definition,
      handler: async (payload, envelope, context) => {
        appendFileSync(deliveries, `${envelope.id}\n`); // with the system, not in this process: a kill does not take it back
        atStep?.('delivered');
        await context.once(async (tx) => {
          await insert(tx, [envelope.id, envelope.type, envelope.subject, JSON.stringify(payload)]);
          atStep?.('effect-done');
        });
        atStep?.('effect-committed');
      },
    }),
  );
  return {
    name: 'ledger',
    start: async (signal) => {
      for (const consumer of consumers) await consumer.start(signal);
    },
    drain: async () => {
      await Promise.all(consumers.map((consumer) => consumer.drain()));
    },
    stop: async () => {
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await database.close();
    },
  };
}

async function insert({ sql }: Transaction, values: readonly string[]): Promise<void> {
  await sql.run(`insert into applied (workspace, event_id, type, key, data) values ('default', ?, ?, ?, ?)`, values);
}
