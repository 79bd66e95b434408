import { aliasMoved } from '@slipway/contracts';
import { InvalidArgumentError, NotFoundError, parseMicros, UnavailableError, type Clock } from '@slipway/kernel';
import { LockMode } from '@mikro-orm/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UniqueViolationError } from '../database/database-errors.ts';
import type { Database } from '../database/open-database.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import type { CommitStep, UnitOfWorkDependencies } from '../unit-of-work/create-unit-of-work.ts';
import type { Transaction, UnitOfWork } from '../unit-of-work/transaction.ts';
import { Account, accountMigrations } from './ledger-entity.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const context = { caller: testCaller(), requestId: 'call-1' };
const moved = (model: string) => ({ ...aliasMoved.sample, model });

/** What every unit of work keeps, whatever the database. */
export function unitOfWorkSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`unit of work: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    const withDatabase = async (
      test: (parts: { database: Database; unitOfWork: UnitOfWork }) => Promise<void>,
      options: { clock?: Clock; transactionTimeoutMs?: number } & Pick<UnitOfWorkDependencies, 'atStep'> = {},
    ): Promise<void> => {
      const target = await databases.fresh();
      const parts = await openTestDatabase(target, { entities: [Account], migrations: accountMigrations, ...options });
      try {
        await test(parts);
      } finally {
        await parts.database.close();
      }
    };
    const add = (tx: Transaction, account: string, amount = 0): void => {
      tx.em.persist(tx.em.create(Account, { workspace: 'default', name: account, amount }));
    };
    const countOf = async (unitOfWork: UnitOfWork, table: string): Promise<number> => {
      const [row] = await unitOfWork.read(({ sql }) =>
        sql.all<{ n: string }>(`select cast(count(*) as text) as n from ${table}`),
      );
      return Number(row?.n);
    };

    it('commits row, event and audit record together', () =>
      withDatabase(async ({ unitOfWork }) => {
        const id = await unitOfWork.run(context, async (tx) => {
          add(tx, 'a');
          tx.audit.add({ action: 'test.add', resource: 'accounts/a' });
          return Promise.resolve(tx.outbox.add(aliasMoved, moved('m')));
        });
        const rows = await unitOfWork.read(({ sql }) => sql.all<{ id: string }>('select id from slipway_outbox'));
        expect(rows).toEqual([{ id }]);
        expect(await countOf(unitOfWork, 'account')).toBe(1);
        expect(await countOf(unitOfWork, 'slipway_audit_record')).toBe(1);
      }));

    it('keeps nothing of a unit of work that fails', () =>
      withDatabase(async ({ unitOfWork }) => {
        const failing = unitOfWork.run(context, async (tx) => {
          add(tx, 'a');
          await tx.flush();
          tx.outbox.add(aliasMoved, moved('m'));
          tx.audit.add({ action: 'test.add', resource: 'accounts/a' });
          await tx.inbox.firstTime('c', 'e');
          throw new NotFoundError('no such thing');
        });
        await expect(failing).rejects.toBeInstanceOf(NotFoundError);
        for (const table of ['account', 'slipway_outbox', 'slipway_audit_record', 'slipway_inbox']) {
          expect(await countOf(unitOfWork, table)).toBe(0);
        }
      }));

    it.each<[CommitStep, number]>([
      ['work-done', 0],
      ['before-commit', 0],
      ['after-commit', 1],
    ])('has row, event and audit record or none of them when it ends at step %s', (step, rows) =>
      withDatabase(
        async ({ unitOfWork }) => {
          const ended = unitOfWork.run(context, async (tx) => {
            add(tx, 'a');
            tx.outbox.add(aliasMoved, moved('m'));
            tx.audit.add({ action: 'test.add', resource: 'accounts/a' });
            return Promise.resolve();
          });
          await expect(ended).rejects.toThrow(`ended at ${step}`);
          for (const table of ['account', 'slipway_outbox', 'slipway_audit_record']) {
            expect(await countOf(unitOfWork, table)).toBe(rows);
          }
        },
        {
          atStep: (reached) => {
            if (reached === step) throw new Error(`ended at ${step}`);
          },
        },
      ),
    );

    it('names a unique violation, inside and outside', () =>
      withDatabase(async ({ unitOfWork }) => {
        await unitOfWork.run(context, (tx) => Promise.resolve(add(tx, 'a')));
        const inside = unitOfWork.run(context, async (tx) => {
          add(tx, 'a');
          await tx.flush().catch((error: unknown) => {
            throw error instanceof UniqueViolationError ? new NotFoundError(error.index) : error;
          });
        });
        await expect(inside).rejects.toThrow(/account/);
        const outside = unitOfWork.run(context, (tx) => Promise.resolve(add(tx, 'a')));
        await expect(outside).rejects.toBeInstanceOf(UniqueViolationError);
      }));

    it('refuses nesting instead of waiting for itself', () =>
      withDatabase(async ({ unitOfWork }) => {
        const nested = unitOfWork.run(context, () => unitOfWork.run(context, () => Promise.resolve(1)));
        await expect(nested).rejects.toThrow(/running already/);
        const reading = unitOfWork.read(() => unitOfWork.read(() => Promise.resolve(1)));
        await expect(reading).rejects.toThrow(/running already/);
      }));

    it('refuses writes in a snapshot', () =>
      withDatabase(async ({ unitOfWork }) => {
        const writing = unitOfWork.read(({ sql }) =>
          sql.run(`insert into account (workspace, name, amount) values ('default', 'x', 1)`),
        );
        await expect(writing).rejects.toThrow();
        expect(await countOf(unitOfWork, 'account')).toBe(0);
      }));

    it('reads beside an open transaction, without its changes', () =>
      withDatabase(async ({ unitOfWork }) => {
        let release = (): void => undefined;
        const gate = new Promise<void>((resolve) => (release = resolve));
        let entered = (): void => undefined;
        const inside = new Promise<void>((resolve) => (entered = resolve));
        const writing = unitOfWork.run(context, async (tx) => {
          add(tx, 'a');
          await tx.flush();
          entered();
          await gate;
        });
        await inside;
        expect(await countOf(unitOfWork, 'account')).toBe(0);
        release();
        await writing;
        expect(await countOf(unitOfWork, 'account')).toBe(1);
      }));

    it('loses no update of 50 parallel units of work and ends 50 parallel reads', () =>
      withDatabase(async ({ database, unitOfWork }) => {
        await unitOfWork.run(context, (tx) => Promise.resolve(add(tx, 'shared')));
        const increments = Array.from({ length: 50 }, (_, index) =>
          unitOfWork.run(context, async (tx) => {
            const key = { workspace: 'default', name: 'shared' };
            const account = await tx.em.findOneOrFail(Account, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
            account.amount += 1;
            tx.outbox.add(aliasMoved, moved(`m${index % 5}`));
            tx.audit.add({ action: 'test.add', resource: 'accounts/shared', details: { index } });
          }),
        );
        const reads = Array.from({ length: 50 }, () => unitOfWork.read(({ em }) => em.find(Account, {})));
        await Promise.all([...increments, ...reads]);
        const [shared] = await unitOfWork.read(({ em }) => em.find(Account, {}));
        expect(shared?.amount).toBe(50);
        expect(await countOf(unitOfWork, 'slipway_outbox')).toBe(50);
        expect(await verifyAudit(database, 'default')).toMatchObject({ intact: true, records: 50n });
      }));

    it('never forks the audit chain: 20 writers that begin it together', () =>
      withDatabase(async ({ database, unitOfWork }) => {
        const writers = Array.from({ length: 20 }, (_, index) =>
          unitOfWork.run(context, (tx) =>
            Promise.resolve([1, 2].forEach((n) => tx.audit.add({ action: 'a', resource: `${index}/${n}` }))),
          ),
        );
        await Promise.all(writers);
        expect(await verifyAudit(database, 'default')).toMatchObject({ intact: true, records: 40n });
      }));

    it('positions of one key grow in the order of commits', () =>
      withDatabase(async ({ unitOfWork }) => {
        const committed: string[] = [];
        const run = (index: number) =>
          unitOfWork.run(context, async (tx) => {
            await tx.sql.all('select 1');
            if (index % 3 === 0) await new Promise((resolve) => setTimeout(resolve, index % 7));
            // The amount is read and written under the lock of the row: its value tells the order of commits.
            const account = await tx.em.findOne(
              Account,
              { workspace: 'default', name: 'k' },
              { lockMode: LockMode.PESSIMISTIC_WRITE },
            );
            if (!account) throw new Error('no account');
            account.amount += 1;
            committed[account.amount] = tx.outbox.add(aliasMoved, moved('k'));
          });
        await unitOfWork.run(context, (tx) => Promise.resolve(add(tx, 'k', -1)));
        await Promise.all(Array.from({ length: 30 }, (_, index) => run(index)));
        const rows = await unitOfWork.read(({ sql }) =>
          sql.all<{ id: string }>('select id from slipway_outbox order by position'),
        );
        expect(rows.map(({ id }) => id)).toEqual(committed);
      }));

    it('answers a repeated request with the first answer', () =>
      withDatabase(async ({ unitOfWork }) => {
        let runs = 0;
        const call = (request: unknown, requestId = 'r1', caller = testCaller()) =>
          unitOfWork.run({ ...context, caller }, (tx) =>
            tx.requests.once('test.create', requestId, request, () =>
              Promise.resolve({ run: (runs += 1), big: 2n ** 62n }),
            ),
          );
        const first = await call({ a: 1, b: [2n] });
        expect(await call({ b: [2n], a: 1 })).toEqual(first);
        const reused = await call({ a: 2 }).catch((error: unknown) => error);
        expect(reused).toBeInstanceOf(InvalidArgumentError);
        expect(reused).toMatchObject({ reason: 'REQUEST_ID_REUSED', violations: [{ field: 'request_id' }] });
        expect(await call({ a: 2 }, 'r1', testCaller('other'))).toEqual({ run: 2, big: 2n ** 62n });
        expect(await call({ a: 2 }, 'r1', testCaller('default', 'bob'))).toEqual({ run: 3, big: 2n ** 62n });
        await call({}, '');
        await call({}, '');
        expect(runs).toBe(5);
      }));

    it('runs a request once when ten callers repeat it at once', () =>
      withDatabase(async ({ unitOfWork }) => {
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, index) =>
            unitOfWork.run(context, (tx) => tx.requests.once('m', 'same', {}, () => Promise.resolve(index))),
          ),
        );
        expect(new Set(answers).size).toBe(1);
      }));

    it('forgets a request after a day', async () => {
      const time = { now: parseMicros('2001-04-01T00:00:00Z') };
      const clock: Clock = { now: () => time.now, monotonicMs: () => 0, sleep: () => Promise.resolve() };
      await withDatabase(
        async ({ unitOfWork }) => {
          const call = (answer: number) =>
            unitOfWork.run(context, (tx) => tx.requests.once('m', 'r', {}, () => Promise.resolve(answer)));
          await call(1);
          time.now += 24n * 3600n * 1_000_000n - 1n;
          expect(await call(2)).toBe(1);
          time.now += 1n;
          expect(await call(3)).toBe(3);
        },
        { clock },
      );
    });

    it('keeps the note of an event with its effect', () =>
      withDatabase(async ({ unitOfWork }) => {
        const note = (event: string, caller = testCaller()) =>
          unitOfWork.run({ ...context, caller }, (tx) => tx.inbox.firstTime('consumer', event));
        expect(await note('e1')).toBe(true);
        expect(await note('e1')).toBe(false);
        expect(await note('e1', testCaller('other'))).toBe(true);
      }));

    it('rolls back a unit of work that hangs, and goes on', () =>
      withDatabase(
        async ({ unitOfWork }) => {
          const hanging = unitOfWork.run(context, async (tx) => {
            add(tx, 'a');
            await tx.flush();
            await new Promise<never>(() => undefined);
          });
          await expect(hanging).rejects.toBeInstanceOf(UnavailableError);
          await unitOfWork.run(context, (tx) => Promise.resolve(add(tx, 'a')));
          expect(await countOf(unitOfWork, 'account')).toBe(1);
        },
        { transactionTimeoutMs: 300 },
      ));

    it('lets timers of the process fire while units of work follow each other', () =>
      withDatabase(async ({ unitOfWork }) => {
        let ticks = 0;
        const timer = setInterval(() => (ticks += 1), 5);
        const end = performance.now() + 200;
        for (let index = 0; performance.now() < end; index += 1) {
          await unitOfWork.run(context, (tx) => Promise.resolve(add(tx, `t${index}`)));
        }
        clearInterval(timer);
        expect(ticks).toBeGreaterThan(5);
      }));

    it('is closed once and for all', () =>
      withDatabase(async ({ database, unitOfWork }) => {
        expect(await database.isHealthy()).toBe(true);
        await Promise.all([database.close(), database.close()]);
        expect(await database.isHealthy()).toBe(false);
        await expect(unitOfWork.read(() => Promise.resolve(1))).rejects.toBeInstanceOf(UnavailableError);
      }));
  });
}
