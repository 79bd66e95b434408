import type { AuditRecord as AuditRecordMessage } from '@slipway/contracts/slipway.audit.v1';
import { AUDIT_COLUMNS, toAuditRecord, type AuditRow } from '../audit/list-audit.ts';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { SqlRunner } from '../database/sql-runner.ts';
import { toTimestamp } from './timestamp.ts';

export interface AuditPageQuery {
  readonly workspace: string;
  /** '' means all. */
  readonly resource: string;
  /** Sequence of the last record of the page before; 0 for the first page. */
  readonly after: bigint;
  readonly limit: number;
}

/** Oldest first. */
export async function readAuditPage(sql: SqlRunner, query: AuditPageQuery): Promise<readonly AuditRecord[]> {
  const onResource = query.resource === '' ? '' : ' and r.resource = ?';
  const rows = await sql.all<AuditRow>(
    `select ${AUDIT_COLUMNS} from slipway_audit_record r where r.workspace = ? and r.sequence > ?${onResource}
     order by r.sequence limit ?`,
    [query.workspace, query.after, ...(query.resource === '' ? [] : [query.resource]), query.limit],
  );
  return rows.map(toAuditRecord);
}

/** How many records the head of the chain speaks of. */
export async function countAuditRecords(sql: SqlRunner, workspace: string): Promise<bigint> {
  const [head] = await sql.all<{ sequence: string }>(
    'select cast(sequence as text) as sequence from slipway_audit_head where workspace = ?',
    [workspace],
  );
  return BigInt(head?.sequence ?? 0);
}

export const toAuditMessage = (record: AuditRecord): AuditRecordMessage => ({
  sequence: record.sequence.toString(),
  time: toTimestamp(record.time),
  principal: record.principal,
  action: record.action,
  resource: record.resource,
  details_json: record.details,
  request_id: record.requestId,
  previous_hash: record.previousHash,
  hash: record.hash,
});
