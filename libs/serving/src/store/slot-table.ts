import { Migration } from '@mikro-orm/migrations';
import { StreamTable } from './stream/stream-table.ts';

/** Statements that both databases understand. */
const STATEMENTS = [
  `create table serving_slot (
    workspace text not null,
    server text not null,
    model text not null,
    alias text not null,
    desired_version bigint not null,
    desired_digest text not null,
    desired_revision bigint not null,
    actual_version bigint,
    actual_digest text,
    actual_revision bigint,
    failed_revision bigint,
    failed_reason text,
    updated_at bigint not null,
    primary key (workspace, server, model, alias)
  )`,
];

class SlotTable extends Migration {
  override readonly name = 'serving-0001';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

/** Tables of serving, oldest first. */
export const servingMigrations = { sqlite: [SlotTable, StreamTable], postgresql: [SlotTable, StreamTable] } as const;
