/** Every table that the platform makes by its own migrations; the schema generator leaves them alone. */
export const PLATFORM_TABLES = [
  'slipway_migration',
  'slipway_outbox',
  'slipway_outbox_lease',
  'slipway_outbox_member',
  'slipway_inbox',
  'slipway_request',
  'slipway_audit_record',
  'slipway_audit_head',
  'slipway_operation',
] as const;

/** For `schemaGenerator.skipTables`. */
export const isPlatformTable = /^(?:sqlite_|slipway_)/;
