import { Migration } from '@mikro-orm/migrations';

/** @param name type of texts that are compared: by bytes on both databases, whatever the locale of the server. */
const scoringTables = (name: string): readonly string[] => [
  `create table features_scoring_set (
    workspace ${name} not null,
    id ${name} not null,
    consumer ${name} not null,
    source ${name} not null,
    from_exclusive bigint not null,
    to_inclusive bigint not null,
    features text not null,
    columns text not null,
    "rows" bigint not null,
    files text not null,
    content_sha256 text not null,
    repository_revision bigint not null,
    principal text not null,
    create_time bigint not null,
    commit_time bigint null,
    manifest_uri text not null,
    primary key (workspace, id)
  )`,
  'create index features_scoring_set_consumer on features_scoring_set (workspace, consumer, id)',
  `create table features_scoring_set_file (
    workspace ${name} not null,
    scoring_set ${name} not null,
    sha256 text not null,
    primary key (workspace, scoring_set, sha256)
  )`,
  'create index features_scoring_set_file_sha256 on features_scoring_set_file (workspace, sha256)',
  `create table features_position (
    workspace ${name} not null,
    consumer ${name} not null,
    source ${name} not null,
    arrival bigint not null,
    update_time bigint not null,
    primary key (workspace, consumer, source)
  )`,
];

const predictionTables = (name: string): readonly string[] => [
  `create table features_prediction_table (
    workspace ${name} not null,
    name ${name} not null,
    keys text not null,
    outputs text not null,
    version bigint not null,
    online_schema text not null,
    manifest_uri text not null,
    "rows" bigint not null,
    fallback text not null,
    update_time bigint not null,
    primary key (workspace, name)
  )`,
  `create table features_prediction_version (
    workspace ${name} not null,
    table_name ${name} not null,
    version bigint not null,
    keys text not null,
    outputs text not null,
    online_schema text not null,
    manifest_uri text not null,
    state text not null,
    operation text not null,
    update_time bigint not null,
    primary key (workspace, table_name, version)
  )`,
  'create index features_prediction_version_state on features_prediction_version (state, update_time)',
  `create table features_prediction_loaded (
    workspace ${name} not null,
    table_name ${name} not null,
    manifest_uri ${name} not null,
    version bigint not null,
    primary key (workspace, table_name, manifest_uri)
  )`,
];

const statements = (name: string): readonly string[] => [...scoringTables(name), ...predictionTables(name)];

/** Scoring sets, positions, stored predictions. */
export class FeaturesSqlite2 extends Migration {
  override readonly name = 'features-0002';

  override up(): void {
    for (const statement of statements('text')) this.addSql(statement);
  }
}

/** The same for PostgreSQL. */
export class FeaturesPostgresql2 extends Migration {
  override readonly name = 'features-0002';

  override up(): void {
    for (const statement of statements('text collate "C"')) this.addSql(statement);
  }
}
