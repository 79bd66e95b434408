/** What long work needs beside its row: a revision to guard its writes by, and a way to what may be purged. The same text for both databases. */
export const operationTables: readonly string[] = [
  'alter table slipway_operation add column revision bigint not null default 0',
  `create index slipway_operation_final on slipway_operation (updated_at)
    where state in ('succeeded', 'failed', 'cancelled')`,
];
