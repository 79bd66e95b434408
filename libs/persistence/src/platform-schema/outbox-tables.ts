/** `position` is not led by the workspace: one relay works through all workspaces in the order of commits. */
const outbox = (position: string): readonly string[] => [
  `create table slipway_outbox (
    position ${position},
    id text not null,
    workspace text not null,
    key text not null,
    partition integer not null,
    type text not null,
    event text not null,
    created_at bigint not null,
    published_at bigint,
    log_id text,
    bus_sequence bigint,
    rejected text
  )`,
  'create unique index slipway_outbox_id on slipway_outbox (workspace, id)',
  'create index slipway_outbox_waiting on slipway_outbox (partition, position) where published_at is null and rejected is null',
  'create index slipway_outbox_published on slipway_outbox (published_at) where published_at is not null',
  'create index slipway_outbox_sequence on slipway_outbox (log_id, bus_sequence) where published_at is not null',
  `create table slipway_outbox_lease (
    partition integer not null primary key,
    owner text not null,
    epoch bigint not null,
    until bigint not null
  )`,
  'create table slipway_outbox_member (owner text not null primary key, until bigint not null)',
];

/** Events on their way to the bus, and which relay looks after which part of them. */
export const outboxTables = {
  sqlite: outbox('integer primary key autoincrement'),
  postgresql: outbox('bigint generated always as identity primary key'),
};
