import { Migration } from '@mikro-orm/migrations';

/** @param name type of texts that are compared: by bytes on both databases, whatever the locale of the server. */
const stateTables = (name: string, flag: string): readonly string[] => [
  `create table routing_objective (
    workspace ${name} not null,
    name ${name} not null,
    description text not null,
    model text not null,
    alias text not null,
    unit_keys text not null,
    shadows text not null,
    experiment text not null,
    revision bigint not null,
    update_time bigint not null,
    primary key (workspace, name)
  )`,
  `create table routing_experiment (
    workspace ${name} not null,
    id ${name} not null,
    name text not null,
    objective ${name} not null,
    kind text not null,
    arms text not null,
    policy text not null,
    salt text not null,
    hash_version integer not null,
    state text not null,
    share integer not null,
    revision bigint not null,
    sequence bigint not null,
    step integer not null,
    step_time bigint not null,
    manual ${flag} not null,
    start_time bigint not null,
    end_time bigint null,
    create_time bigint not null,
    principal text not null,
    control_version bigint not null,
    treatment_version bigint not null,
    alias_revision bigint not null,
    tolerance bigint not null,
    winner text not null,
    move text not null,
    decision_error text not null,
    unattended ${flag} not null,
    primary key (workspace, id)
  )`,
  'create index routing_experiment_objective on routing_experiment (workspace, objective, id)',
  'create index routing_experiment_unattended on routing_experiment (unattended, workspace, id)',
];

/** Append-only. */
const factTables = (name: string): readonly string[] => [
  `create table routing_exposure (
    workspace ${name} not null,
    experiment ${name} not null,
    unit_hash ${name} not null,
    arm integer not null,
    share integer not null,
    revision bigint not null,
    time bigint not null,
    primary key (workspace, experiment, unit_hash)
  )`,
  `create table routing_exposure_count (
    workspace ${name} not null,
    experiment ${name} not null,
    revision bigint not null,
    share integer not null,
    control bigint not null,
    treatment bigint not null,
    primary key (workspace, experiment, revision)
  )`,
  `create table routing_day (
    workspace ${name} not null,
    experiment ${name} not null,
    day ${name} not null,
    arm integer not null,
    "rows" bigint not null,
    labelled_rows bigint not null,
    loss_sum bigint not null,
    reference_sum bigint not null,
    primary key (workspace, experiment, day, arm)
  )`,
  `create table routing_analysis (
    workspace ${name} not null,
    experiment ${name} not null,
    as_of bigint not null,
    days text not null,
    complete_days integer not null,
    difference bigint not null,
    lower bigint not null,
    upper bigint not null,
    e_value bigint not null,
    p_value bigint not null,
    guardrail bigint not null,
    guardrail_threshold bigint not null,
    sample_ratio_p bigint not null,
    verdict text not null,
    winner text not null,
    explanation text not null,
    primary key (workspace, experiment, as_of)
  )`,
  `create table routing_assignment_key (
    workspace ${name} not null,
    key_id ${name} not null,
    public_key_pem text not null,
    create_time bigint not null,
    primary key (workspace, key_id)
  )`,
];

const statements = (name: string, flag: string): readonly string[] => [...stateTables(name, flag), ...factTables(name)];

/** Objectives, experiments, exposures, and what they show. */
export class RoutingSqlite1 extends Migration {
  override readonly name = 'routing-0001';

  override up(): void {
    for (const statement of statements('text', 'integer')) this.addSql(statement);
  }
}

/** The same for PostgreSQL. */
export class RoutingPostgresql1 extends Migration {
  override readonly name = 'routing-0001';

  override up(): void {
    for (const statement of statements('text collate "C"', 'boolean')) this.addSql(statement);
  }
}
