import { Migration } from '@mikro-orm/migrations';

/** Logged models, places of artifacts, and what is removed for ever. */
const STATEMENTS: readonly string[] = [
  'alter table tracking_experiment add column artifact_location text null',
  'alter table tracking_run add column artifact_uri text collate "C" null',
  'alter table tracking_run add column deleted_time bigint null',
  `create table tracking_logged_model (
    workspace text collate "C" not null,
    model_id text collate "C" not null,
    experiment bigint not null,
    name text collate "C" not null,
    status text collate "C" not null,
    model_type text collate "C" not null,
    source_run_id text collate "C" not null,
    artifact_uri text collate "C" not null,
    creation_time bigint not null,
    last_update_time bigint not null,
    principal text not null,
    deleted_time bigint null,
    primary key (workspace, model_id)
  )`,
  'create index tracking_logged_model_creation on tracking_logged_model (workspace, experiment, creation_time, model_id)',
  'create index tracking_logged_model_source on tracking_logged_model (workspace, source_run_id)',
  `create table tracking_logged_model_param (
    workspace text collate "C" not null,
    model_id text collate "C" not null,
    key text collate "C" not null,
    value text collate "C" not null,
    primary key (workspace, model_id, key)
  )`,
  `create table tracking_logged_model_tag (
    workspace text collate "C" not null,
    model_id text collate "C" not null,
    key text collate "C" not null,
    value text collate "C" not null,
    primary key (workspace, model_id, key)
  )`,
  `create table tracking_logged_model_metric (
    workspace text collate "C" not null,
    model_id text collate "C" not null,
    key text collate "C" not null,
    dataset_name text collate "C" not null,
    dataset_digest text collate "C" not null,
    step bigint not null,
    timestamp bigint not null,
    value bigint not null,
    primary key (workspace, model_id, key, dataset_name, dataset_digest)
  )`,
  `create table tracking_run_model (
    workspace text collate "C" not null,
    run_id text collate "C" not null,
    kind text collate "C" not null,
    model_id text collate "C" not null,
    step bigint not null,
    primary key (workspace, run_id, kind, model_id)
  )`,
  'create index tracking_run_model_model on tracking_run_model (workspace, model_id)',
  `create table tracking_removal (
    workspace text collate "C" not null,
    prefix text collate "C" not null,
    noted bigint not null,
    primary key (workspace, prefix)
  )`,
];

/** Applied migrations are never changed; add another one instead. */
export class TrackingPostgresql3 extends Migration {
  override readonly name = 'tracking-0003';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
