/** Answers to repeated calls, events acted on, long work. The same text for both databases. */
export const requestTables: readonly string[] = [
  `create table slipway_inbox (
    workspace text not null,
    consumer text not null,
    event_id text not null,
    received_at bigint not null,
    primary key (workspace, consumer, event_id)
  )`,
  'create index slipway_inbox_received on slipway_inbox (received_at)',
  `create table slipway_request (
    workspace text not null,
    principal text not null,
    method text not null,
    request_id text not null,
    fingerprint text not null,
    answer text,
    expires_at bigint not null,
    primary key (workspace, principal, method, request_id)
  )`,
  'create index slipway_request_expires on slipway_request (expires_at)',
  `create table slipway_operation (
    workspace text not null,
    id text not null,
    kind text not null,
    state text not null,
    done bigint not null,
    total bigint not null,
    unit text not null,
    error_kind text,
    error_reason text,
    error_message text,
    result_json text,
    result_type text,
    principal text not null,
    created_at bigint not null,
    updated_at bigint not null,
    cancel_requested integer not null,
    lease_owner text not null,
    lease_until bigint not null,
    primary key (workspace, id)
  )`,
  `create index slipway_operation_lease on slipway_operation (lease_until) where state in ('pending', 'running')`,
];
