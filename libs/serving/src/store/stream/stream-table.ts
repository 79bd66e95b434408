import { Migration } from '@mikro-orm/migrations';

/** Statements that both databases understand. */
const STATEMENTS = [
  `create table serving_stream (
    workspace text not null,
    name text not null,
    id text not null,
    model text not null,
    alias text not null,
    prediction_table text not null,
    table_keys text not null,
    from_beginning boolean not null,
    principal text not null,
    created bigint not null,
    owner text not null,
    leased_until bigint not null,
    primary key (workspace, name)
  )`,
];

/** Streams of serving. */
export class StreamTable extends Migration {
  override readonly name = 'serving-0002';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
