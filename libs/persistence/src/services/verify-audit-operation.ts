import { verifyAudit, type AuditVerification } from '../audit/verify-audit.ts';
import type { Database } from '../database/open-database.ts';
import type { OperationResult, OperationWork } from '../operations/operation.ts';
import { countAuditRecords } from './audit-records.ts';

/** proto3 JSON with the field names of the contract, as events have it: int64 as text, all fields there. */
export function toVerifyAuditResult({ intact, records, headHash, broken }: AuditVerification): OperationResult {
  const result = {
    intact,
    records: records.toString(),
    head_hash: headHash,
    broken_sequence: (broken?.sequence ?? 0n).toString(),
    broken_reason: broken ? `${broken.kind}: ${broken.description}` : '',
  };
  return { type: 'slipway.audit.v1.VerifyAuditResult', json: JSON.stringify(result) };
}

/**
 * Recomputes the chain of one workspace. A broken chain is a result, not a failure.
 * @param anchorHash '' for none.
 */
export function verifyAuditWork(
  database: Pick<Database, 'read'>,
  workspace: string,
  anchorHash: string,
): OperationWork {
  return async (operation) => {
    operation.progress(0n, await database.read(({ sql }) => countAuditRecords(sql, workspace)));
    const found = await verifyAudit(database, workspace, {
      signal: operation.signal,
      onProgress: (records) => operation.progress(records),
      ...(anchorHash === '' ? {} : { anchorHash }),
    });
    return toVerifyAuditResult(found);
  };
}
