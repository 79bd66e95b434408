import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '../audit/list-audit.ts';
import { hashAuditRecord } from '../audit/audit-record.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import type { Database } from '../database/open-database.ts';
import type { SqlRunner } from '../database/sql-runner.ts';
import { openTestDatabase, testCaller, type TestDatabases } from './test-databases.ts';

const ROWS = 30;

/** Whoever changes the trail is found out, also one who switches the triggers off. */
export function auditSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`audit trail: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    const withTrail = async (test: (database: Database) => Promise<void>): Promise<void> => {
      const { database, unitOfWork } = await openTestDatabase(await databases.fresh());
      try {
        for (let index = 1; index <= ROWS; index += 1) {
          const principal = index % 2 === 0 ? 'bob' : 'alice';
          const context = { caller: testCaller('default', principal), requestId: `call-${index}` };
          await unitOfWork.run(context, (tx) =>
            Promise.resolve(
              tx.audit.add({ action: 'test.change', resource: `things/${index}`, details: { index, text: "it's é" } }),
            ),
          );
        }
        await unitOfWork.run({ caller: testCaller('other'), requestId: 'x' }, (tx) =>
          Promise.resolve(tx.audit.add({ action: 'a', resource: 'r' })),
        );
        await test(database);
      } finally {
        await database.close();
      }
    };
    const dropTriggers = async (sql: SqlRunner): Promise<void> => {
      const on = sql.dialect === 'postgresql' ? ' on slipway_audit_record' : '';
      const names = sql.dialect === 'postgresql' ? ['change', 'truncate'] : ['update', 'delete', 'replace'];
      for (const trigger of names) await sql.run(`drop trigger slipway_audit_no_${trigger}${on}`);
    };
    const tamper = (database: Database, change: (sql: SqlRunner) => Promise<unknown>): Promise<void> =>
      database.write(async ({ sql }) => {
        await dropTriggers(sql);
        await change(sql);
      });

    it('is intact, per workspace, in pages', () =>
      withTrail(async (database) => {
        const seen: bigint[] = [];
        const result = await verifyAudit(database, 'default', { onProgress: (rows) => seen.push(rows) });
        expect(result).toMatchObject({ intact: true, records: BigInt(ROWS) });
        expect(seen.at(-1)).toBe(BigInt(ROWS));
        expect(await verifyAudit(database, 'other')).toMatchObject({ intact: true, records: 1n });
        expect(await verifyAudit(database, 'empty')).toMatchObject({
          intact: true,
          records: 0n,
          headHash: '0'.repeat(64),
        });
        const aborted = AbortSignal.abort(new Error('enough'));
        await expect(verifyAudit(database, 'default', { signal: aborted })).rejects.toThrow('enough');
      }));

    it('lists newest first, page by page, by filter', () =>
      withTrail(async (database) => {
        const page = (before?: bigint) =>
          database.read(({ sql }) =>
            listAudit(sql, {
              workspace: 'default',
              principal: 'bob',
              limit: 4,
              ...(before === undefined ? {} : { before }),
            }),
          );
        const first = await page();
        expect(first.map(({ sequence }) => sequence)).toEqual([30n, 28n, 26n, 24n]);
        expect((await page(first.at(-1)?.sequence)).map(({ sequence }) => sequence)).toEqual([22n, 20n, 18n, 16n]);
      }));

    it.each([
      ['update', `update slipway_audit_record set principal = 'eve' where sequence = 3`],
      ['delete', 'delete from slipway_audit_record where sequence = 3'],
    ])('refuses %s', (_, statement) =>
      withTrail(async (database) => {
        await expect(database.write(({ sql }) => sql.run(statement))).rejects.toThrow(/append-only/);
        expect(await verifyAudit(database, 'default')).toMatchObject({ intact: true });
      }),
    );

    it.each(['principal', 'request_id', 'action', 'resource', 'details', 'hash', 'previous_hash', 'time'])(
      'finds an edited %s',
      (column) =>
        withTrail(async (database) => {
          const value = column === 'time' ? 'time + 1' : `${column} || ' '`;
          await tamper(database, (sql) =>
            sql.run(
              `update slipway_audit_record set ${column} = ${value} where workspace = 'default' and sequence = 7`,
            ),
          );
          const { intact, records, broken } = await verifyAudit(database, 'default');
          expect({ intact, records, sequence: broken?.sequence }).toEqual({ intact: false, records: 6n, sequence: 7n });
        }),
    );

    it('finds an edited row whose hash was recomputed', () =>
      withTrail(async (database) => {
        const [row] = await database.read(({ sql }) => listAudit(sql, { workspace: 'default', before: 8n, limit: 1 }));
        if (!row) throw new Error('no row 7');
        const hash = hashAuditRecord({ ...row, principal: 'eve' });
        await tamper(database, (sql) =>
          sql.run(
            `update slipway_audit_record set principal = 'eve', hash = ? where workspace = 'default' and sequence = 7`,
            [hash],
          ),
        );
        expect((await verifyAudit(database, 'default')).broken).toMatchObject({ kind: 'link', sequence: 8n });
      }));

    it('finds an edited row whose hash and the link of the next row were mended', () =>
      withTrail(async (database) => {
        const [row] = await database.read(({ sql }) => listAudit(sql, { workspace: 'default', before: 8n, limit: 1 }));
        if (!row) throw new Error('no row 7');
        const hash = hashAuditRecord({ ...row, principal: 'eve' });
        await tamper(database, async (sql) => {
          const where = `where workspace = 'default' and sequence`;
          await sql.run(`update slipway_audit_record set principal = 'eve', hash = ? ${where} = 7`, [hash]);
          await sql.run(`update slipway_audit_record set previous_hash = ? ${where} = 8`, [hash]);
        });
        expect((await verifyAudit(database, 'default')).broken).toMatchObject({ kind: 'hash', sequence: 8n });
      }));

    it('finds a deleted row, swapped rows and an inserted row', async () => {
      const where = `where workspace = 'default'`;
      await withTrail(async (database) => {
        await tamper(database, (sql) => sql.run(`delete from slipway_audit_record ${where} and sequence = 7`));
        expect((await verifyAudit(database, 'default')).broken).toMatchObject({ kind: 'gap', sequence: 7n });
      });
      await withTrail(async (database) => {
        await tamper(database, async (sql) => {
          await sql.run(`update slipway_audit_record set sequence = -7 ${where} and sequence = 7`);
          await sql.run(`update slipway_audit_record set sequence = 7 ${where} and sequence = 8`);
          await sql.run(`update slipway_audit_record set sequence = 8 ${where} and sequence = -7`);
        });
        expect((await verifyAudit(database, 'default')).broken).toMatchObject({ kind: 'link', sequence: 7n });
      });
      await withTrail(async (database) => {
        await tamper(database, (sql) =>
          sql.run(`insert into slipway_audit_record select workspace, 31, hash, hash, time, principal, request_id, action, resource, details
                   from slipway_audit_record ${where} and sequence = 30`),
        );
        expect((await verifyAudit(database, 'default')).broken).toMatchObject({ kind: 'hash', sequence: 31n });
      });
    });

    it('finds a tail that was cut off: by the head, and with the head cut too by the anchor', () =>
      withTrail(async (database) => {
        const anchorHash = (await verifyAudit(database, 'default')).headHash;
        await tamper(database, (sql) =>
          sql.run(`delete from slipway_audit_record where workspace = 'default' and sequence > 28`),
        );
        expect((await verifyAudit(database, 'default')).broken).toMatchObject({ kind: 'head', sequence: 29n });
        await database.write(({ sql }) =>
          sql.run(`update slipway_audit_head set sequence = 28, hash =
            (select hash from slipway_audit_record where workspace = 'default' and sequence = 28) where workspace = 'default'`),
        );
        expect((await verifyAudit(database, 'default')).intact).toBe(true);
        expect((await verifyAudit(database, 'default', { anchorHash })).broken?.kind).toBe('anchor');
      }));
  });
}
