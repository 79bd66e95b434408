import { createHash } from 'node:crypto';
import { canonicalJson, type Micros } from '@slipway/kernel';

/** One row of the trail. */
export interface AuditRecord {
  readonly workspace: string;
  /** 1, 2, 3 … without gaps, per workspace. */
  readonly sequence: bigint;
  readonly time: Micros;
  readonly principal: string;
  readonly requestId: string;
  readonly action: string;
  readonly resource: string;
  /** Canonical JSON, as stored and hashed. */
  readonly details: string;
  /** Lower-case hex. */
  readonly previousHash: string;
  /** Lower-case hex of sha256(previousHash || canonical JSON of all other fields). */
  readonly hash: string;
}

/** What the first row of a chain follows. */
export const GENESIS_HASH = '0'.repeat(64);

/** Hash of a row; anybody can recompute it from an export of the trail. */
export function hashAuditRecord(record: Omit<AuditRecord, 'hash'>): string {
  const fields = {
    workspace: record.workspace,
    sequence: record.sequence.toString(),
    time: record.time.toString(),
    principal: record.principal,
    request_id: record.requestId,
    action: record.action,
    resource: record.resource,
    details: record.details,
  };
  return createHash('sha256').update(record.previousHash).update(canonicalJson(fields)).digest('hex');
}
