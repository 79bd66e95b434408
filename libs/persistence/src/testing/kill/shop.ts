import { aliasMoved } from '@slipway/contracts';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import { createEventConsumer, type EventConsumer } from '../../consumer/event-consumer.ts';
import { openDatabase, type Database, type DatabaseTarget } from '../../database/open-database.ts';
import { createOutboxRelay, type OutboxRelay, type RelayStep } from '../../outbox/outbox-relay.ts';
import { createUnitOfWork, type CommitStep } from '../../unit-of-work/create-unit-of-work.ts';
import type { UnitOfWork } from '../../unit-of-work/transaction.ts';
import { Account, accountMigrations } from '../ledger-entity.ts';
import { testCaller } from '../test-databases.ts';

/** A small service and a consumer of its events, with databases of their own, as a kill test needs them. */
export interface Shop {
  readonly writer: Database;
  readonly reader: Database;
  readonly unitOfWork: UnitOfWork;
  readonly relay: OutboxRelay;
  readonly consumer: EventConsumer;
  /** One business row with its event and its audit record. */
  sell(name: string): Promise<void>;
  close(): Promise<void>;
}

const signal = new AbortController().signal;

/** Opens both databases and starts relay and consumer on an open bus. */
export async function openShop(options: {
  readonly writer: DatabaseTarget;
  readonly reader: DatabaseTarget;
  readonly bus: EventBus;
  readonly seed: number;
  readonly atStep: (step: CommitStep | RelayStep) => void;
}): Promise<Shop> {
  const { bus, atStep } = options;
  const shared = { entities: [Account], migrations: accountMigrations, log: silentLogger };
  const writer = await openDatabase(options.writer, shared);
  const reader = await openDatabase(options.reader, shared);
  const random = seededRandom(options.seed);
  const ids = createIdSource(systemClock, random);
  const common = { bus, clock: systemClock, log: silentLogger };
  const owner = ids.next();
  const relay = createOutboxRelay({
    ...common,
    database: writer,
    service: 'shop',
    owner,
    batchRows: 5,
    leaseMs: 300,
    pollMs: 20,
    atStep,
  });
  const unitOfWork = createUnitOfWork({ database: writer, ids, random, onEvents: () => relay.wake(), atStep });
  const consumer = createEventConsumer({
    ...common,
    durable: 'ledger',
    service: 'ledger',
    definition: aliasMoved,
    unitOfWork: createUnitOfWork({ database: reader, ids, random }),
    delivery: { ackWaitMs: 1_000, inFlightMax: 20, backoffMs: [20], deliveriesMax: 50 },
    handler: async (event, _, context) => {
      await context.once(async (tx) => {
        const account = await tx.em.findOne(Account, { workspace: 'default', name: event.model });
        if (account) account.amount += 1;
        else tx.em.persist(tx.em.create(Account, { workspace: 'default', name: event.model, amount: 1 }));
      });
    },
  });
  await relay.start(signal);
  await consumer.start(signal);
  return {
    writer,
    reader,
    unitOfWork,
    relay,
    consumer,
    sell: (name) =>
      unitOfWork.run(
        {
          caller: testCaller(),
          requestId: name,
        },
        (tx) => {
          tx.em.persist(
            tx.em.create(Account, {
              workspace: 'default',
              name,
              amount: 1,
            }),
          );
          tx.outbox.add(aliasMoved, {
            ...aliasMoved.sample,
            model: name,
          });
          tx.audit.add({
            action: 'shop.sell',
            resource: name,
          });
          return Promise.resolve();
        },
      ),
    close: async () => {
      await consumer.stop();
      await relay.stop();
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}
