import { Migration } from '@mikro-orm/migrations';

/** Tables that are found by nothing but their primary key are kept in it (`without rowid`): one tree instead of two. */
const STATEMENTS: readonly string[] = [
  `create table tracking_counter (
    workspace text not null primary key,
    last_experiment bigint not null
  )`,
  `create table tracking_dataset (
    workspace text not null,
    experiment bigint not null,
    name text not null,
    digest text not null,
    source_type text not null,
    source text not null,
    schema text not null,
    profile text not null,
    primary key (workspace, experiment, name, digest)
  )`,
  `create table tracking_experiment (
    workspace text not null,
    id bigint not null,
    name text not null,
    deleted integer not null,
    creation_time bigint not null,
    last_update_time bigint not null,
    principal text not null,
    primary key (workspace, id)
  )`,
  'create unique index tracking_experiment_name on tracking_experiment (workspace, name)',
  `create table tracking_experiment_tag (
    workspace text not null,
    experiment bigint not null,
    key text not null,
    value text not null,
    primary key (workspace, experiment, key)
  )`,
  `create table tracking_input (
    workspace text not null,
    run_id text not null,
    name text not null,
    digest text not null,
    context text null,
    tags text not null,
    primary key (workspace, run_id, name, digest)
  )`,
  `create table tracking_param (
    workspace text not null,
    run_id text not null,
    key text not null,
    value text not null,
    primary key (workspace, run_id, key)
  )`,
  `create table tracking_metric_point (
    workspace text not null,
    series bigint not null,
    step bigint not null,
    timestamp bigint not null,
    value bigint not null,
    primary key (workspace, series, step, timestamp, value)
  ) without rowid`,
  `create table tracking_run (
    workspace text not null,
    run_id text not null,
    experiment bigint not null,
    name text not null,
    status text not null,
    start_time bigint not null,
    end_time bigint null,
    deleted integer not null,
    principal text not null,
    user_id text not null,
    primary key (workspace, run_id)
  )`,
  'create index tracking_run_start on tracking_run (workspace, experiment, start_time, run_id)',
  `create table tracking_metric_series (
    workspace text not null,
    run_id text not null,
    key text not null,
    series bigint not null,
    step bigint not null,
    timestamp bigint not null,
    value bigint not null,
    primary key (workspace, run_id, key)
  ) without rowid`,
  'create unique index tracking_metric_series_number on tracking_metric_series (workspace, series)',
  `create table tracking_tag (
    workspace text not null,
    run_id text not null,
    key text not null,
    value text not null,
    primary key (workspace, run_id, key)
  )`,
];

/** Applied migrations are never changed; add another one instead. */
export class TrackingSqlite1 extends Migration {
  override readonly name = 'tracking-0001';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
