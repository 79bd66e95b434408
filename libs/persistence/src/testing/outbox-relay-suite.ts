import * as fc from 'fast-check';
import { aliasMoved } from '@slipway/contracts';
import { silentLogger, systemClock, type Clock } from '@slipway/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database/open-database.ts';
import { createOutboxRelay, type OutboxRelay, type OutboxRelayOptions } from '../outbox/outbox-relay.ts';
import type { UnitOfWork } from '../unit-of-work/transaction.ts';
import { createMemoryEventBus, type MemoryEventBus } from './memory-event-bus.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const context = { caller: testCaller(), requestId: 'call-1' };
const forever = new AbortController().signal;

/** From the commit to the bus: at least once, in order per key, also when relays and the broker fail. */
export function outboxRelaySuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`outbox relay: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    interface Parts {
      readonly database: Database;
      readonly unitOfWork: UnitOfWork;
      readonly bus: MemoryEventBus;
      readonly relay: (options?: Partial<OutboxRelayOptions>) => OutboxRelay;
    }
    const withParts = async (test: (parts: Parts) => Promise<void>): Promise<void> => {
      const bus = createMemoryEventBus();
      const relays: OutboxRelay[] = [];
      const wake = (): void => relays.forEach((relay) => relay.wake());
      const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), { onEvents: wake });
      const relay = (options: Partial<OutboxRelayOptions> = {}): OutboxRelay => {
        const shared = { database, bus, service: 'registry', clock: systemClock, log: silentLogger };
        const made = createOutboxRelay({ ...shared, owner: `relay-${relays.length}`, pollMs: 20, ...options });
        relays.push(made);
        return made;
      };
      try {
        await test({ database, unitOfWork, bus, relay });
      } finally {
        await Promise.all(relays.map((each) => each.stop()));
        await database.close();
      }
    };
    const emit = (unitOfWork: UnitOfWork, ...models: string[]): Promise<string[]> =>
      unitOfWork.run(context, (tx) =>
        Promise.resolve(models.map((model) => tx.outbox.add(aliasMoved, { ...aliasMoved.sample, model }))),
      );
    const idsOf = (bus: MemoryEventBus): string[] => bus.log.map(({ id }) => id);

    it('publishes what was committed, with the row id as message id, and only once', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const ids = await emit(unitOfWork, 'a', 'b', 'a');
        const one = relay();
        await one.flush(forever);
        await one.flush(forever);
        expect(idsOf(bus).sort()).toEqual([...ids].sort());
        expect(one.status()).toMatchObject({ published: 3, backlog: 0, failures: 0, partitions: 16 });
      }));

    it('is woken by a commit', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const one = relay({ pollMs: 60_000 });
        await one.start(forever);
        await one.flush(forever);
        await emit(unitOfWork, 'a');
        const end = performance.now() + 5_000;
        while (bus.log.length === 0 && performance.now() < end) await systemClock.sleep(5);
        expect(bus.log.length).toBe(1);
      }));

    it('waits while the bus is down, and keeps order when it is back', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const one = relay();
        await one.start(forever);
        await one.flush(forever);
        bus.down = true;
        const ids: string[] = [];
        for (let index = 0; index < 10; index += 1) ids.push(...(await emit(unitOfWork, 'a')));
        const end = performance.now() + 5_000;
        while (one.status().failures < 2 && performance.now() < end) await systemClock.sleep(5);
        expect(one.status().failures).toBeGreaterThanOrEqual(2);
        bus.down = false;
        await one.flush(forever);
        expect(idsOf(bus)).toEqual(ids);
      }));

    it('puts an event aside that the bus refuses, and goes on', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const ids = await emit(unitOfWork, 'a', 'a', 'a');
        bus.refused.add(ids[1] ?? '');
        const one = relay();
        await one.flush(forever);
        expect(idsOf(bus)).toEqual([ids[0], ids[2]]);
        expect(one.status()).toMatchObject({ published: 2, rejected: 1 });
      }));

    it('publishes again what the broker lost: its tail, or all of it', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const ids: string[] = [];
        for (let index = 0; index < 6; index += 1) ids.push(...(await emit(unitOfWork, 'a')));
        const one = relay();
        await one.flush(forever);
        bus.loseFrom(4n);
        expect(await one.reconcile()).toBe(3);
        await one.flush(forever);
        expect(idsOf(bus)).toEqual(ids);
        bus.recreate();
        expect(await one.reconcile()).toBe(6);
        await one.flush(forever);
        expect(idsOf(bus)).toEqual(ids);
        expect(await one.reconcile()).toBe(0);
        expect(one.status().republished).toBe(9);
      }));

    it('compares with the bus again and again, also when nothing fails', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        let ms = 0;
        const clock: Clock = { ...systemClock, monotonicMs: () => ms };
        const ids = await emit(unitOfWork, 'a', 'a');
        const one = relay({ clock, reconcileMs: 10_000 });
        await one.flush(forever);
        bus.recreate();
        ms = 9_999;
        await one.flush(forever);
        expect(idsOf(bus)).toEqual([]);
        ms = 10_000;
        await one.flush(forever);
        expect(idsOf(bus)).toEqual(ids);
      }));

    it('publishes a time range again on demand', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const from = systemClock.now();
        await emit(unitOfWork, 'a');
        await systemClock.sleep(2);
        const to = systemClock.now();
        await emit(unitOfWork, 'a');
        const one = relay();
        await one.flush(forever);
        const seen: string[] = [];
        bus.beforePublish = (messages) => Promise.resolve(void seen.push(...messages.map(({ id }) => id)));
        expect(await one.republish(from, to)).toBe(1);
        await one.flush(forever);
        expect(seen).toEqual([bus.log[0]?.id]);
      }));

    it('takes over at once what killed relays have left, when it knows that it is alone; else when their leases end', () =>
      withParts(async ({ database, unitOfWork, bus, relay }) => {
        const killed = relay();
        await killed.flush(forever);
        await emit(unitOfWork, 'a', 'b', 'c', 'd', 'e', 'f');
        const careful = relay();
        await careful.flush(forever);
        expect(careful.status().partitions).toBe(0);
        expect(bus.log).toEqual([]);
        const alone = relay({ isAlone: true });
        await alone.flush(forever);
        expect(alone.status()).toMatchObject({ partitions: 16, published: 6, backlog: 0 });
        const epochs = await database.read(({ sql }) =>
          sql.all<{ epoch: number | string }>('select epoch from slipway_outbox_lease group by epoch'),
        );
        expect(epochs.map(({ epoch }) => Number(epoch))).toEqual([2]); // what the killed one may still do is not taken for ours
      }));

    it('never marks under an epoch that was lost', () =>
      withParts(async ({ database, unitOfWork, bus, relay }) => {
        await emit(unitOfWork, 'a');
        const one = relay();
        bus.beforePublish = async () => {
          bus.beforePublish = undefined; // another relay takes over while the first one publishes
          await database.write(({ sql }) =>
            sql.run(`update slipway_outbox_lease set owner = 'other', epoch = epoch + 1, until = 0`),
          );
        };
        await one.flush(forever);
        // The first attempt was not marked; the row was published again, as a duplicate, under a new epoch.
        const [row] = await database.read(({ sql }) =>
          sql.all<{ published: number }>(
            'select count(*) as published from slipway_outbox where published_at is not null',
          ),
        );
        expect(Number(row?.published)).toBe(1);
        const [lease] = await database.read(({ sql }) =>
          sql.all<{ epoch: number }>('select min(epoch) as epoch from slipway_outbox_lease'),
        );
        expect(Number(lease?.epoch)).toBe(3);
        expect(bus.log.length).toBe(1);
        expect(one.status().published).toBe(1);
      }));

    it('for all keys and relays: nothing is lost and order per key holds', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 25 }),
          fc.integer({ min: 1, max: 3 }),
          (models, count) =>
            withParts(async ({ unitOfWork, bus, relay }) => {
              const relays = Array.from({ length: count }, () => relay({ pollMs: 5, batchRows: 3, leaseMs: 300 }));
              await Promise.all(relays.map((each) => each.start(forever)));
              const ids: string[] = [];
              for (const model of models) ids.push(...(await emit(unitOfWork, model)));
              const end = performance.now() + 10_000;
              while (bus.log.length < ids.length && performance.now() < end) await systemClock.sleep(5);
              for (const key of new Set(models)) {
                const expected = ids.filter((_, index) => models[index] === key);
                const actual = bus.log.filter((message) => message.key === `default/${key}`).map(({ id }) => id);
                expect(actual).toEqual(expected);
              }
            }),
        ),
        { numRuns: 6 },
      ));

    it('deletes events, answers and notes that are older than their retention, and keeps the others', () =>
      withParts(async ({ database, unitOfWork, relay }) => {
        await emit(unitOfWork, 'a', 'b');
        await unitOfWork.run(context, async (tx) => {
          await tx.inbox.firstTime('c', 'e');
          await tx.requests.once('m', 'r', {}, () => Promise.resolve(1));
        });
        const counts = () =>
          database.read(async ({ sql }) => {
            const tables = ['slipway_outbox', 'slipway_request', 'slipway_inbox'];
            const found: number[] = [];
            for (const table of tables) {
              const [row] = await sql.all<{ n: number }>(`select count(*) as n from ${table}`);
              found.push(Number(row?.n));
            }
            return found;
          });
        const after = async (days: bigint): Promise<readonly number[]> => {
          const clock: Clock = { ...systemClock, now: () => systemClock.now() + days * 86_400_000_000n };
          await relay({ clock }).flush(forever);
          return counts();
        };
        expect(await after(0n)).toEqual([2, 1, 1]);
        expect(await after(8n)).toEqual([0, 0, 1]);
        expect(await after(15n)).toEqual([0, 0, 0]);
      }));

    it('keeps what waits, however old it is', () =>
      withParts(async ({ unitOfWork, bus, relay }) => {
        const ids = await emit(unitOfWork, 'a', 'a', 'a');
        const clock: Clock = { ...systemClock, now: () => systemClock.now() + 60n * 86_400_000_000n };
        await relay({ clock, batchRows: 1 }).flush(forever); // looks for what is old before it has published all
        expect(idsOf(bus)).toEqual(ids);
      }));
  });
}
