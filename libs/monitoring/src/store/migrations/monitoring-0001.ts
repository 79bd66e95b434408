import { Migration } from '@mikro-orm/migrations';

interface Types {
  /** Of texts that are compared: by bytes on both databases, whatever the locale of the server. */
  readonly name: string;
  readonly flag: string;
  readonly day: string;
  readonly bytes: string;
}

const blockTables = ({ name, day, bytes }: Types): readonly string[] => [
  `create table monitoring_prediction_block (
    workspace ${name} not null,
    objective ${name} not null,
    day ${day} not null,
    block ${name} not null,
    "rows" bigint not null,
    payload ${bytes} not null,
    primary key (workspace, objective, day, block)
  )`,
  'create index monitoring_prediction_block_rows on monitoring_prediction_block (workspace, objective, day, "rows")',
  `create table monitoring_outcome_block (
    workspace ${name} not null,
    objective ${name} not null,
    day ${day} not null,
    block ${name} not null,
    arrival ${name} not null,
    "rows" bigint not null,
    payload ${bytes} not null,
    primary key (workspace, objective, day, block)
  )`,
  'create index monitoring_outcome_block_rows on monitoring_outcome_block (workspace, objective, day, "rows")',
  'create index monitoring_outcome_block_arrival on monitoring_outcome_block (workspace, objective, day, arrival)',
];

const dayTables = ({ name, day, flag }: Types): readonly string[] => [
  `create table monitoring_monitor (
    workspace ${name} not null,
    objective ${name} not null,
    output text not null,
    label_delay_seconds bigint not null,
    coverage_min bigint not null,
    rows_min bigint not null,
    false_alarm_days ${day} not null,
    manual ${flag} not null,
    revision bigint not null,
    update_time bigint not null,
    evaluated_until bigint null,
    primary key (workspace, objective)
  )`,
  `create table monitoring_day (
    workspace ${name} not null,
    objective ${name} not null,
    day ${day} not null,
    closed ${flag} not null,
    main_model ${name} null,
    main_version bigint null,
    main_digest text null,
    stats text null,
    primary key (workspace, objective, day)
  )`,
  `create table monitoring_experiment_day (
    workspace ${name} not null,
    objective ${name} not null,
    experiment ${name} not null,
    day ${day} not null,
    primary key (workspace, objective, experiment, day)
  )`,
  `create table monitoring_experiment_sums (
    workspace ${name} not null,
    objective ${name} not null,
    experiment ${name} not null,
    day ${day} not null,
    variant ${name} not null,
    fingerprint text not null,
    complete_from bigint not null,
    sums text not null,
    primary key (workspace, objective, experiment, day, variant)
  )`,
];

const alertTables = ({ name, day, flag }: Types): readonly string[] => [
  `create table monitoring_alert (
    workspace ${name} not null,
    id ${name} not null,
    objective ${name} not null,
    model ${name} not null,
    version bigint not null,
    kind ${name} not null,
    first_day ${day} not null,
    last_day ${day} not null,
    open ${flag} not null,
    checks text not null,
    create_time bigint not null,
    primary key (workspace, id)
  )`,
  'create unique index monitoring_alert_episode on monitoring_alert (workspace, objective, model, version, kind, first_day)',
  'create index monitoring_alert_objective on monitoring_alert (workspace, objective, id)',
  `create table monitoring_profile (
    workspace ${name} not null,
    model ${name} not null,
    version bigint not null,
    digest ${name} not null,
    json text not null,
    why text not null,
    primary key (workspace, model, version, digest)
  )`,
];

const statements = (types: Types): readonly string[] => [
  ...blockTables(types),
  ...dayTables(types),
  ...alertTables(types),
];

/** Monitors, predictions, outcomes, days, alerts, profiles. */
export class MonitoringSqlite1 extends Migration {
  override readonly name = 'monitoring-0001';

  override up(): void {
    const types = { name: 'text', flag: 'integer', day: 'integer', bytes: 'blob' };
    for (const statement of statements(types)) this.addSql(statement);
  }
}

/** The same for PostgreSQL. */
export class MonitoringPostgresql1 extends Migration {
  override readonly name = 'monitoring-0001';

  override up(): void {
    const types = { name: 'text collate "C"', flag: 'boolean', day: 'int', bytes: 'bytea' };
    for (const statement of statements(types)) this.addSql(statement);
  }
}
