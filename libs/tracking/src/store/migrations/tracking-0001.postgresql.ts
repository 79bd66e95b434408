import { Migration } from '@mikro-orm/migrations';

const STATEMENTS: readonly string[] = [
  `create table tracking_counter (
    workspace text collate "C" not null,
    last_experiment bigint not null,
    primary key (workspace)
  )`,
  `create table tracking_dataset (
    workspace text collate "C" not null,
    experiment bigint not null,
    name text collate "C" not null,
    digest text collate "C" not null,
    source_type text not null,
    source text not null,
    schema text not null,
    profile text not null,
    primary key (workspace, experiment, name, digest)
  )`,
  `create table tracking_experiment (
    workspace text collate "C" not null,
    id bigint not null,
    name text collate "C" not null,
    deleted boolean not null,
    creation_time bigint not null,
    last_update_time bigint not null,
    principal text not null,
    primary key (workspace, id)
  )`,
  'alter table tracking_experiment add constraint tracking_experiment_name unique (workspace, name)',
  `create table tracking_experiment_tag (
    workspace text collate "C" not null,
    experiment bigint not null,
    key text collate "C" not null,
    value text collate "C" not null,
    primary key (workspace, experiment, key)
  )`,
  `create table tracking_input (
    workspace text collate "C" not null,
    run_id text collate "C" not null,
    name text collate "C" not null,
    digest text collate "C" not null,
    context text collate "C" null,
    tags text not null,
    primary key (workspace, run_id, name, digest)
  )`,
  `create table tracking_param (
    workspace text collate "C" not null,
    run_id text collate "C" not null,
    key text collate "C" not null,
    value text collate "C" not null,
    primary key (workspace, run_id, key)
  )`,
  `create table tracking_metric_point (
    workspace text collate "C" not null,
    series bigint not null,
    step bigint not null,
    timestamp bigint not null,
    value bigint not null,
    primary key (workspace, series, step, timestamp, value)
  )`,
  `create table tracking_run (
    workspace text collate "C" not null,
    run_id text collate "C" not null,
    experiment bigint not null,
    name text collate "C" not null,
    status text collate "C" not null,
    start_time bigint not null,
    end_time bigint null,
    deleted boolean not null,
    principal text not null,
    user_id text collate "C" not null,
    primary key (workspace, run_id)
  )`,
  'create index tracking_run_start on tracking_run (workspace, experiment, start_time, run_id)',
  `create table tracking_metric_series (
    workspace text collate "C" not null,
    run_id text collate "C" not null,
    key text collate "C" not null,
    series bigint not null,
    step bigint not null,
    timestamp bigint not null,
    value bigint not null,
    primary key (workspace, run_id, key)
  )`,
  'alter table tracking_metric_series add constraint tracking_metric_series_number unique (workspace, series)',
  `create table tracking_tag (
    workspace text collate "C" not null,
    run_id text collate "C" not null,
    key text collate "C" not null,
    value text collate "C" not null,
    primary key (workspace, run_id, key)
  )`,
];

/** Applied migrations are never changed; add another one instead. */
export class TrackingPostgresql1 extends Migration {
  override readonly name = 'tracking-0001';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
