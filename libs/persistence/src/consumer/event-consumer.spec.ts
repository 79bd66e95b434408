import {
  aliasMoved,
  decodePayload,
  deliveryDead,
  parseCloudEvent,
  recordEvent,
  toBusMessage,
} from '@slipway/contracts';
import { silentLogger, systemClock } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { createMemoryEventBus, type MemoryEventBus } from '../testing/memory-event-bus.ts';
import { Account, accountMigrations } from '../testing/ledger-entity.ts';
import { openTestDatabase, sqliteDatabases } from '../testing/test-databases.ts';
import type { UnitOfWork } from '../unit-of-work/transaction.ts';
import { createEventConsumer, type EventConsumer, type EventHandler } from './event-consumer.ts';

const signal = new AbortController().signal;
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const message = (id: string, model = 'm', workspace = 'default') =>
  toBusMessage(
    recordEvent(aliasMoved, { ...aliasMoved.sample, model }, { id, workspace, time: 1n, traceparent: TRACE }),
    'registry',
  );

async function withConsumer(
  handler: EventHandler<object>,
  test: (parts: { bus: MemoryEventBus; consumer: EventConsumer; unitOfWork: UnitOfWork }) => Promise<void>,
): Promise<void> {
  const databases = await sqliteDatabases();
  const bus = createMemoryEventBus();
  const settings = { entities: [Account], migrations: accountMigrations };
  const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), settings);
  const parts = { bus, unitOfWork, durable: 'serving', service: 'serving', clock: systemClock, log: silentLogger };
  const consumer = createEventConsumer({ ...parts, definition: aliasMoved, handler, delivery: { deliveriesMax: 3 } });
  try {
    await consumer.start(signal);
    await test({ bus, consumer, unitOfWork });
  } finally {
    await consumer.stop();
    await database.close();
    await databases.stop();
  }
}

const dead = (bus: MemoryEventBus) =>
  bus.log
    .filter(({ subject }) => subject.includes('.bus.delivery.dead.'))
    .map((letter) => ({
      ...letter,
      payload: decodePayload(deliveryDead, parseCloudEvent(letter.data, letter.headers).data),
    }));

describe('event consumer', () => {
  it('hands over payload, envelope, workspace and trace', async () => {
    const seen: unknown[] = [];
    const handler: EventHandler<object> = (payload, envelope, context) => {
      seen.push([payload, envelope.id, context.caller.workspace, context.traceparent, context.attempt]);
      return Promise.resolve();
    };
    await withConsumer(handler, async ({ bus, consumer }) => {
      await bus.publish([message('e1', 'flights', 'team-a')], signal);
      await consumer.drain();
      expect(seen).toEqual([[expect.objectContaining({ model: 'flights' }), 'e1', 'team-a', TRACE, 1]]);
      expect(consumer.status()).toMatchObject({ handled: 1, failed: 0, invalid: 0, dead: 0 });
    });
  });

  it('has its effect once, however often the event comes and the handler fails', async () => {
    const results: boolean[] = [];
    let attempts = 0;
    const handler: EventHandler<object> = async (_, __, context) => {
      const add = (amount: number) =>
        context.once(async (tx) => {
          const [row] = await tx.em.find(Account, { name: 'n' });
          if (row) row.amount += amount;
          else tx.em.persist(tx.em.create(Account, { workspace: context.caller.workspace, name: 'n', amount }));
        });
      results.push(await add(1));
      if ((attempts += 1) === 1) throw new Error('fails after its effect');
    };
    await withConsumer(handler, async ({ bus, consumer, unitOfWork }) => {
      await bus.publish([message('e1')], signal);
      bus.recreate(); // forgets the id, as a broker does after its window
      await bus.publish([message('e1')], signal);
      await consumer.drain();
      const [row] = await unitOfWork.read(({ em }) => em.find(Account, {}));
      expect(row?.amount).toBe(1);
      expect(results).toEqual([true, false, false]);
    });
  });

  it('dead-letters after the last delivery, under an id that follows from the message', async () => {
    await withConsumer(
      () => Promise.reject(new Error('secret detail')),
      async ({ bus, consumer }) => {
        await bus.publish([message('e1')], signal);
        await consumer.drain();
        const [letter] = dead(bus);
        expect(letter?.payload).toMatchObject({
          consumer: 'serving',
          event_id: 'e1',
          event_type: aliasMoved.type,
          attempts: 3,
          reason: 'INTERNAL',
        });
        expect(letter?.id).toMatch(/^[0-9a-f]{64}$/);
        expect(Buffer.from(letter?.data ?? []).toString()).not.toContain('secret detail');
        expect(consumer.status()).toMatchObject({ failed: 3, dead: 1 });
      },
    );
  });

  it.each([
    ['no JSON', Buffer.from('not json')],
    ['no event', Buffer.from('{"specversion":"0.3"}')],
  ])('dead-letters at once what is %s', async (_, data) => {
    let calls = 0;
    await withConsumer(
      () => Promise.resolve(void (calls += 1)),
      async ({ bus, consumer }) => {
        await bus.publish([{ ...message('e1'), data }, message('e2')], signal);
        await consumer.drain();
        expect({ calls, dead: dead(bus).length }).toEqual({ calls: 1, dead: 1 });
        expect(consumer.status()).toMatchObject({ handled: 1, invalid: 1 });
      },
    );
  });
});
