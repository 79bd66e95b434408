import { Migration } from '@mikro-orm/migrations';
import { defineEntity, p } from '@mikro-orm/core';
import type { MigrationLists } from '../database/migration.ts';

/** A business table for tests: an account per workspace and name with a counter. */
export const Account = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: {
    workspace: p.text().primary(),
    name: p.text().primary(),
    amount: p.integer(),
  },
});

class AccountTable extends Migration {
  override readonly name = 'account-0001';
  override up(): void {
    this.addSql(
      'create table account (workspace text not null, name text not null, amount integer not null, primary key (workspace, name))',
    );
  }
}

export const accountMigrations: MigrationLists = { sqlite: [AccountTable], postgresql: [AccountTable] };
