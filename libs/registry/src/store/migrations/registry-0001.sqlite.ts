import { Migration } from '@mikro-orm/migrations';

const STATEMENTS: readonly string[] = [
  `create table registry_model (
    workspace text not null,
    name text not null,
    description text not null,
    tags text not null,
    last_version bigint not null,
    last_sequence bigint not null,
    principal text not null,
    create_time bigint not null,
    update_time bigint not null,
    deleted integer not null,
    primary key (workspace, name)
  )`,
  'create index registry_model_create_time on registry_model (workspace, create_time, name)',
  `create table registry_version (
    workspace text not null,
    model text not null,
    version bigint not null,
    description text not null,
    tags text not null,
    digest text not null,
    files text not null,
    graph text not null,
    signature text not null,
    features text not null,
    preprocessing text not null,
    postprocessing text not null,
    run_id text not null,
    training_set_id text not null,
    principal text not null,
    create_time bigint not null,
    update_time bigint not null,
    signing_key_id text not null,
    primary key (workspace, model, version)
  )`,
  `create table registry_envelope (
    workspace text not null,
    model text not null,
    version bigint not null,
    envelope text not null,
    primary key (workspace, model, version)
  )`,
  `create table registry_version_file (
    workspace text not null,
    model text not null,
    version bigint not null,
    path text not null,
    sha256 text not null,
    primary key (workspace, model, version, path)
  )`,
  'create index registry_version_file_sha256 on registry_version_file (workspace, sha256)',
  `create table registry_alias (
    workspace text not null,
    model text not null,
    name text not null,
    version bigint null,
    previous_version bigint null,
    revision bigint not null,
    digest text not null,
    principal text not null,
    update_time bigint not null,
    primary key (workspace, model, name)
  )`,
  `create table registry_alias_move (
    workspace text not null,
    model text not null,
    alias text not null,
    revision bigint not null,
    version bigint null,
    previous_version bigint null,
    principal text not null,
    time bigint not null,
    rolled_back integer not null,
    primary key (workspace, model, alias, revision)
  )`,
  `create table registry_alias_policy (
    workspace text not null,
    model text not null,
    alias text not null,
    gates text not null,
    approvals_required integer not null,
    revision bigint not null,
    primary key (workspace, model, alias)
  )`,
  `create table registry_evaluation (
    workspace text not null,
    model text not null,
    version bigint not null,
    sequence bigint not null,
    id text not null,
    dataset text not null,
    dataset_sha256 text not null,
    "rows" bigint not null,
    principal text not null,
    time bigint not null,
    primary key (workspace, model, version, sequence)
  )`,
  `create table registry_evaluation_metric (
    workspace text not null,
    model text not null,
    version bigint not null,
    sequence bigint not null,
    metric text not null,
    dataset text not null,
    value bigint not null,
    newest integer not null,
    primary key (workspace, model, version, sequence, metric)
  )`,
  'create index registry_evaluation_metric_newest on registry_evaluation_metric (workspace, model, version, newest)',
  `create table registry_approval (
    workspace text not null,
    model text not null,
    version bigint not null,
    sequence bigint not null,
    id text not null,
    alias text not null,
    digest text not null,
    decision text not null,
    principal text not null,
    comment text not null,
    time bigint not null,
    primary key (workspace, model, version, sequence)
  )`,
  'create index registry_approval_alias on registry_approval (workspace, model, version, alias, sequence)',
  `create table registry_blob_claim (
    workspace text not null,
    sha256 text not null,
    claimed_at bigint not null,
    primary key (workspace, sha256)
  )`,
  'create index registry_blob_claim_age on registry_blob_claim (claimed_at)',
];

/** Models, versions, aliases and what decides about them. */
export class RegistrySqlite1 extends Migration {
  override readonly name = 'registry-0001';

  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
