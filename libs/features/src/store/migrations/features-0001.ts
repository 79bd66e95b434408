import { Migration } from '@mikro-orm/migrations';

/** @param name type of texts that are compared: by bytes on both databases, whatever the locale of the server. */
const rowTables = (name: string): readonly string[] => [
  `create table features_lock (
    workspace ${name} not null,
    current_revision bigint not null,
    primary key (workspace)
  )`,
  `create table features_repository (
    workspace ${name} not null,
    revision bigint not null,
    digest text not null,
    files text not null,
    model text not null,
    principal text not null,
    create_time bigint not null,
    primary key (workspace, revision)
  )`,
  `create table features_source (
    workspace ${name} not null,
    source ${name} not null,
    arrival bigint not null,
    last_event_time bigint not null,
    columns text not null,
    primary key (workspace, source)
  )`,
  `create table features_ingestion (
    workspace ${name} not null,
    id ${name} not null,
    source ${name} not null,
    sha256 text not null,
    bytes bigint not null,
    description text not null,
    accepted_rows bigint not null,
    quarantined_rows bigint not null,
    breaches text not null,
    first_arrival bigint not null,
    first_event_time bigint null,
    last_event_time bigint null,
    contract_id text not null,
    contract_version text not null,
    accepted_sha256 text null,
    accepted_bytes bigint not null,
    quarantine_sha256 text null,
    quarantine_bytes bigint not null,
    principal text not null,
    create_time bigint not null,
    primary key (workspace, id)
  )`,
  'create unique index features_ingestion_content on features_ingestion (workspace, source, sha256)',
  'create index features_ingestion_source on features_ingestion (workspace, source, id)',
  'create index features_ingestion_arrival on features_ingestion (workspace, source, first_arrival)',
  'create index features_ingestion_accepted on features_ingestion (workspace, accepted_sha256)',
  'create index features_ingestion_quarantine on features_ingestion (workspace, quarantine_sha256)',
];

const trainingSetTables = (name: string, flag: string): readonly string[] => [
  `create table features_training_set (
    workspace ${name} not null,
    id ${name} not null,
    name text not null,
    features text not null,
    columns text not null,
    "rows" bigint not null,
    created_cutoff ${flag} not null,
    files text not null,
    nulls text not null,
    repository_revision bigint not null,
    arrivals text not null,
    principal text not null,
    create_time bigint not null,
    primary key (workspace, id)
  )`,
  'create index features_training_set_create_time on features_training_set (workspace, create_time, id)',
  `create table features_training_set_file (
    workspace ${name} not null,
    training_set text not null,
    sha256 text not null,
    primary key (workspace, training_set, sha256)
  )`,
  'create index features_training_set_file_sha256 on features_training_set_file (workspace, sha256)',
];

const viewTables = (name: string): readonly string[] => [
  `create table features_view (
    workspace ${name} not null,
    view ${name} not null,
    digest text not null,
    arrival bigint not null,
    materialize_time bigint null,
    tables text not null,
    lease_owner text not null,
    lease_until bigint not null,
    primary key (workspace, view)
  )`,
  `create table features_blob_claim (
    workspace ${name} not null,
    sha256 text not null,
    claimed_at bigint not null,
    primary key (workspace, sha256)
  )`,
  'create index features_blob_claim_age on features_blob_claim (claimed_at)',
];

const statements = (name: string, flag: string): readonly string[] => [
  ...rowTables(name),
  ...trainingSetTables(name, flag),
  ...viewTables(name),
];

/** Repositories, ingestions, training sets, what is online. */
export class FeaturesSqlite1 extends Migration {
  override readonly name = 'features-0001';

  override up(): void {
    for (const statement of statements('text', 'integer')) this.addSql(statement);
  }
}

/** The same for PostgreSQL. */
export class FeaturesPostgresql1 extends Migration {
  override readonly name = 'features-0001';

  override up(): void {
    for (const statement of statements('text collate "C"', 'boolean')) this.addSql(statement);
  }
}
