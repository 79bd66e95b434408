import { Migration } from '@mikro-orm/migrations';

/** @param name type of texts that are compared: by bytes on both databases, whatever the locale of the server. */
const runTables = (name: string, flag: string): readonly string[] => [
  `create table pipelines_pipeline (
    workspace ${name} not null,
    name ${name} not null,
    revision bigint not null,
    is_deleted ${flag} not null,
    primary key (workspace, name)
  )`,
  `create table pipelines_revision (
    workspace ${name} not null,
    name ${name} not null,
    revision bigint not null,
    content text not null,
    digest text not null,
    principal text not null,
    update_time bigint not null,
    primary key (workspace, name, revision)
  )`,
  `create table pipelines_run (
    workspace ${name} not null,
    id ${name} not null,
    pipeline ${name} not null,
    revision bigint not null,
    "trigger" ${name} not null,
    cause ${name} not null,
    state text not null,
    parameters text not null,
    causes text not null,
    principal text not null,
    create_time bigint not null,
    end_time bigint null,
    cancel_requested ${flag} not null,
    lease_owner text not null,
    lease_until bigint not null,
    epoch bigint not null,
    change bigint not null,
    primary key (workspace, id)
  )`,
  'create unique index pipelines_run_cause on pipelines_run (workspace, pipeline, "trigger", cause)',
  'create index pipelines_run_pipeline on pipelines_run (workspace, pipeline, id)',
  'create index pipelines_run_lease on pipelines_run (state, lease_until)',
];

const stepTables = (name: string): readonly string[] => [
  `create table pipelines_step (
    workspace ${name} not null,
    run ${name} not null,
    name ${name} not null,
    position bigint not null,
    kind text not null,
    state text not null,
    attempts bigint not null,
    failures bigint not null,
    result text null,
    message text not null,
    start_time bigint null,
    end_time bigint null,
    deadline bigint null,
    retry_at bigint not null,
    primary key (workspace, run, name)
  )`,
  `create table pipelines_trigger (
    workspace ${name} not null,
    pipeline ${name} not null,
    name ${name} not null,
    kind text not null,
    expression ${name} not null,
    since bigint not null,
    fire_at bigint null,
    last_time bigint null,
    held_by text not null,
    causes text not null,
    event text null,
    primary key (workspace, pipeline, name)
  )`,
  'create index pipelines_trigger_expression on pipelines_trigger (workspace, expression)',
  'create index pipelines_trigger_due on pipelines_trigger (fire_at)',
];

const statements = (name: string, flag: string): readonly string[] => [...runTables(name, flag), ...stepTables(name)];

/** Pipelines, their runs and triggers. */
export class PipelinesSqlite1 extends Migration {
  override readonly name = 'pipelines-0001';

  override up(): void {
    for (const statement of statements('text', 'integer')) this.addSql(statement);
  }
}

/** The same for PostgreSQL. */
export class PipelinesPostgresql1 extends Migration {
  override readonly name = 'pipelines-0001';

  override up(): void {
    for (const statement of statements('text collate "C"', 'boolean')) this.addSql(statement);
  }
}
