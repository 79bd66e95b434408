/** What long work needs beside its row: a revision to guard its writes by, and a way to what may be purged. The same text for both databases. */
export const operationTables: readonly string[] = [
  'alter table slipway_operation add column revision bigint not null default 0',
  `create index slipway_operation_final on slipway_operation (updated_at)
    where state in ('succeeded', 'failed', 'cancelled')`,
];

/** What another runner needs to begin the work again, and how often it was begun. */
export const operationResumeColumns: readonly string[] = [
  'alter table slipway_operation add column input_json text',
  'alter table slipway_operation add column attempts bigint not null default 1',
];
