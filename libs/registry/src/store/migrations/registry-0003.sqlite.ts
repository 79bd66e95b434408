import { Migration } from '@mikro-orm/migrations';

const STATEMENTS: readonly string[] = [
  `create table registry_webhook (
    workspace text not null,
    id text not null,
    name text not null,
    url text not null,
    events text not null,
    description text not null,
    secret text not null,
    active integer not null,
    principal text not null,
    create_time bigint not null,
    update_time bigint not null,
    primary key (workspace, id)
  )`,
  `create table registry_webhook_delivery (
    workspace text not null,
    id text not null,
    webhook_id text not null,
    entity text not null,
    action text not null,
    body text not null,
    state text not null,
    attempts integer not null,
    response_status integer not null,
    error_message text not null,
    create_time bigint not null,
    attempt_time bigint,
    due_time bigint not null,
    lease text not null,
    primary key (workspace, id)
  )`,
  'create index registry_webhook_delivery_log on registry_webhook_delivery (workspace, webhook_id, create_time, id)',
  'create index registry_webhook_delivery_due on registry_webhook_delivery (state, due_time)',
  'create index registry_webhook_delivery_age on registry_webhook_delivery (create_time)',
];

/** Webhooks and what is to be told to them. */
export class RegistrySqlite3 extends Migration {
  override readonly name = 'registry-0003';

  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
