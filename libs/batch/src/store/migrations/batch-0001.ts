import { Migration } from '@mikro-orm/migrations';

/** @param name type of texts that are compared: by bytes on both databases, whatever the locale of the server. */
const statements = (name: string): readonly string[] => [
  `create table batch_lane (
    workspace ${name} not null,
    consumer ${name} not null,
    source ${name} not null,
    job text not null,
    primary key (workspace, consumer, source)
  )`,
  `create table batch_job (
    workspace ${name} not null,
    id ${name} not null,
    operation_id text not null,
    consumer ${name} not null,
    plan text not null,
    model text not null,
    state text not null,
    phase text not null,
    "rows" text null,
    scored_rows bigint not null,
    failed_rows bigint not null,
    partitions integer not null,
    finished_partitions integer not null,
    lost_attempts integer not null,
    manifest_uri text not null,
    manifest_sha256 text not null,
    output_sha256 text not null,
    principal text not null,
    create_time bigint not null,
    end_time bigint null,
    failure text null,
    primary key (workspace, id)
  )`,
  'create index batch_job_create_time on batch_job (workspace, create_time, id)',
  'create index batch_job_consumer on batch_job (workspace, consumer, create_time, id)',
  'create index batch_job_state on batch_job (state)',
  `create table batch_partition (
    workspace ${name} not null,
    job ${name} not null,
    number bigint not null,
    file text not null,
    first_row bigint not null,
    "rows" bigint not null,
    state text not null,
    epoch bigint not null,
    failures integer not null,
    worker text not null,
    lease_until bigint not null,
    result text null,
    error_message text not null,
    primary key (workspace, job, number)
  )`,
  'create index batch_partition_state on batch_partition (workspace, job, state, number)',
];

/** Jobs and the ledger of their partitions. */
export class BatchSqlite1 extends Migration {
  override readonly name = 'batch-0001';

  override up(): void {
    for (const statement of statements('text')) this.addSql(statement);
  }
}

/** The same for PostgreSQL. */
export class BatchPostgresql1 extends Migration {
  override readonly name = 'batch-0001';

  override up(): void {
    for (const statement of statements('text collate "C"')) this.addSql(statement);
  }
}
