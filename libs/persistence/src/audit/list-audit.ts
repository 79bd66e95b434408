import type { Micros } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '../database/sql-runner.ts';
import type { AuditRecord } from './audit-record.ts';

export interface AuditQuery {
  readonly workspace: string;
  /** Rows before this one; undefined for the newest. */
  readonly before?: bigint;
  readonly limit: number;
  readonly principal?: string;
  readonly action?: string;
  /** Exactly this resource. */
  readonly resource?: string;
  readonly since?: Micros;
}

export interface AuditRow extends Omit<AuditRecord, 'sequence' | 'time'> {
  readonly sequence: string;
  readonly time: string;
}

export const AUDIT_COLUMNS = `workspace, cast(sequence as text) as sequence, cast(time as text) as time, principal, request_id as "requestId",
  action, resource, details, previous_hash as "previousHash", hash`;

/** 64-bit columns were read as text. */
export const toAuditRecord = (row: AuditRow): AuditRecord => ({
  ...row,
  sequence: BigInt(row.sequence),
  time: BigInt(row.time),
});

/** Newest first; the next page begins before the sequence of the last row. */
export async function listAudit(sql: SqlRunner, query: AuditQuery): Promise<readonly AuditRecord[]> {
  const filters: [string, SqlValue | undefined][] = [
    ['r.workspace = ?', query.workspace],
    ['r.sequence < ?', query.before],
    ['r.principal = ?', query.principal],
    ['r.action = ?', query.action],
    ['r.resource = ?', query.resource],
    ['r.time >= ?', query.since],
  ];
  const used = filters.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]));
  const rows = await sql.all<AuditRow>(
    `select ${AUDIT_COLUMNS} from slipway_audit_record r where ${used.map(({ text }) => text).join(' and ')}
     order by r.sequence desc limit ?`,
    [...used.map(({ value }) => value), query.limit],
  );
  return rows.map(toAuditRecord);
}
