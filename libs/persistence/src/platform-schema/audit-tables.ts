const TABLES: readonly string[] = [
  `create table slipway_audit_record (
    workspace text not null,
    sequence bigint not null,
    previous_hash text not null,
    hash text not null,
    time bigint not null,
    principal text not null,
    request_id text not null,
    action text not null,
    resource text not null,
    details text not null,
    primary key (workspace, sequence)
  )`,
  `create table slipway_audit_head (
    workspace text not null primary key,
    sequence bigint not null,
    hash text not null
  )`,
];

const refuse = `select raise(abort, 'audit rows are append-only')`;

/** The audit trail. Triggers keep honest programs from changing it; the hash chain shows what dishonest ones did. */
export const auditTables = {
  sqlite: [
    ...TABLES,
    `create trigger slipway_audit_no_update before update on slipway_audit_record begin ${refuse}; end`,
    `create trigger slipway_audit_no_delete before delete on slipway_audit_record begin ${refuse}; end`,
    // INSERT OR REPLACE deletes without asking the trigger above.
    `create trigger slipway_audit_no_replace before insert on slipway_audit_record
      when exists (select 1 from slipway_audit_record r where r.workspace = new.workspace and r.sequence = new.sequence)
      begin ${refuse}; end`,
  ],
  postgresql: [
    ...TABLES,
    `create function slipway_audit_refuse() returns trigger language plpgsql as
      $$ begin raise exception 'audit rows are append-only'; end $$`,
    `create trigger slipway_audit_no_change before update or delete on slipway_audit_record
      for each row execute function slipway_audit_refuse()`,
    `create trigger slipway_audit_no_truncate before truncate on slipway_audit_record
      for each statement execute function slipway_audit_refuse()`,
  ],
};
