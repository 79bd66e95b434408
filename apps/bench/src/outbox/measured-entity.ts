import { Migration } from '@mikro-orm/migrations';
import { defineEntity, p } from '@mikro-orm/core';

/** The business row of the measurement. */
export const Measured = defineEntity({
  name: 'Measured',
  tableName: 'measured',
  properties: { workspace: p.text().primary(), name: p.text().primary(), amount: p.integer() },
});

const TABLE =
  'create table measured (workspace text not null, name text not null, amount integer not null, primary key (workspace, name))';

class MeasuredTable extends Migration {
  override readonly name = 'bench-0001';
  override up(): void {
    this.addSql(TABLE);
  }
}

export const measuredMigrations = { sqlite: [MeasuredTable], postgresql: [MeasuredTable] };

/** The same table for the limit, beside our own. */
export const BARE_TABLE = TABLE.replace('table measured', 'table bare');
