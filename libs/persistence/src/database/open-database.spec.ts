import { defineEntity } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { FailedPreconditionError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { columns } from '../columns/columns.ts';
import { Account, accountMigrations } from '../testing/ledger-entity.ts';
import { schemaSuite } from '../testing/schema-suite.ts';
import { openTestDatabase, sqliteDatabases } from '../testing/test-databases.ts';
import type { MigrationLists } from './migration.ts';
import { readSchemaDifference } from './schema-difference.ts';

schemaSuite('SQLite', sqliteDatabases, { entities: [Account], migrations: accountMigrations });

describe('opening a database', () => {
  const withTarget = async (test: (target: { driver: 'sqlite'; file: string }) => Promise<void>): Promise<void> => {
    const databases = await sqliteDatabases();
    try {
      await test((await databases.fresh()) as { driver: 'sqlite'; file: string });
    } finally {
      await databases.stop();
    }
  };

  it('refuses a database of a newer version, and an applied migration that was changed', () =>
    withTarget(async (target) => {
      const opened = await openTestDatabase(target, { entities: [Account], migrations: accountMigrations });
      await opened.database.close();
      await expect(openTestDatabase(target)).rejects.toBeInstanceOf(FailedPreconditionError);
      class Edited extends Migration {
        override readonly name = 'account-0001';
        override up(): void {
          this.addSql('create table account (workspace text primary key)');
        }
      }
      const edited: MigrationLists = { sqlite: [Edited], postgresql: [] };
      await expect(openTestDatabase(target, { migrations: edited })).rejects.toThrow(/was changed/);
    }));

  it('applies all pending migrations or none', () =>
    withTarget(async (target) => {
      class Broken extends Migration {
        override readonly name = 'broken-0002';
        override up(): void {
          this.addSql('create table half (id text)');
          this.addSql('create nonsense');
        }
      }
      const broken = { sqlite: [...accountMigrations.sqlite, Broken], postgresql: [] };
      await expect(openTestDatabase(target, { migrations: broken })).rejects.toThrow(/syntax error/);
      const { database } = await openTestDatabase(target, { entities: [Account], migrations: accountMigrations });
      const tables = await database.read(({ sql }) => sql.all(`select name from sqlite_master where name = 'half'`));
      expect(tables).toEqual([]);
      await database.close();
    }));

  it('sees an entity that has no table, or another one', () =>
    withTarget(async (target) => {
      const Wider = defineEntity({
        name: 'Account',
        tableName: 'account',
        properties: { workspace: columns.workspace(), name: columns.text(10).primary(), note: columns.text(10) },
      });
      const { database } = await openTestDatabase(target, { entities: [Wider], migrations: accountMigrations });
      expect((await readSchemaDifference(database)).join(' ')).toMatch(/note/);
      await database.close();
    }));
});
