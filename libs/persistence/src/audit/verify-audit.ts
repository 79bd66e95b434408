import type { Database } from '../database/open-database.ts';
import type { SqlRunner } from '../database/sql-runner.ts';
import { GENESIS_HASH, hashAuditRecord, type AuditRecord } from './audit-record.ts';
import { AUDIT_COLUMNS, toAuditRecord, type AuditRow } from './list-audit.ts';

const PAGE_ROWS = 1_000;

/** Where a chain is broken; `sequence` is the first row that does not fit. */
export interface AuditBreak {
  readonly sequence: bigint;
  /** `gap`: rows are missing or were moved. `link`: the row does not follow the one before. `hash`: the row was edited. `head`: the newest rows are missing, or rows were added. `anchor`: the row that the anchor names is missing. */
  readonly kind: 'gap' | 'link' | 'hash' | 'head' | 'anchor';
  readonly description: string;
}

export interface AuditVerification {
  readonly intact: boolean;
  /** Rows that were read and found right. */
  readonly records: bigint;
  /** Hash of the last right row. Kept elsewhere it is the anchor of a later verification. */
  readonly headHash: string;
  readonly broken?: AuditBreak;
}

export interface VerifyAuditOptions {
  /** Called after every page with the rows read so far. */
  readonly onProgress?: (records: bigint) => void;
  readonly signal?: AbortSignal;
  /** Head hash of an earlier verification, kept outside of this database: without one, rows cut off together with the head go unnoticed. */
  readonly anchorHash?: string;
}

/** Recomputes the chain of one workspace, page by page. @throws the signal's reason when it aborts. */
export async function verifyAudit(
  database: Pick<Database, 'read'>,
  workspace: string,
  options: VerifyAuditOptions = {},
): Promise<AuditVerification> {
  const chain = { sequence: 0n, hash: GENESIS_HASH };
  let anchorSeen = options.anchorHash === undefined || options.anchorHash === GENESIS_HASH;
  const result = (broken?: AuditBreak): AuditVerification => ({
    intact: broken === undefined,
    records: chain.sequence,
    headHash: chain.hash,
    ...(broken ? { broken } : {}),
  });
  // One snapshot per page keeps transactions short; the head is read with the page that turns out to be the last.
  for (;;) {
    options.signal?.throwIfAborted();
    const { page, head } = await database.read(async ({ sql }) => ({
      page: await readPage(sql, workspace, chain.sequence),
      head: await readHead(sql, workspace),
    }));
    for (const record of page) {
      const broken = checkRecord(record, chain.sequence, chain.hash);
      if (broken) return result(broken);
      chain.sequence = record.sequence;
      chain.hash = record.hash;
      anchorSeen ||= record.hash === options.anchorHash;
    }
    options.onProgress?.(chain.sequence);
    if (page.length === PAGE_ROWS) continue;
    const at = { sequence: chain.sequence + 1n };
    if (head.sequence !== chain.sequence || head.hash !== chain.hash) {
      const description = `the head says ${head.sequence} rows, the trail has ${chain.sequence}`;
      return result({ ...at, kind: 'head', description });
    }
    if (!anchorSeen) return result({ ...at, kind: 'anchor', description: 'no row has the hash of the anchor' });
    return result();
  }
}

function checkRecord(record: AuditRecord, sequence: bigint, hash: string): AuditBreak | undefined {
  const at = { sequence: sequence + 1n };
  if (record.sequence !== sequence + 1n) {
    return { ...at, kind: 'gap', description: `row ${sequence + 1n} is missing; the next one is ${record.sequence}` };
  }
  if (record.previousHash !== hash) {
    return { ...at, kind: 'link', description: `row ${record.sequence} does not follow the row before it` };
  }
  if (record.hash !== hashAuditRecord(record)) {
    return { ...at, kind: 'hash', description: `the content of row ${record.sequence} does not match its hash` };
  }
  return undefined;
}

async function readPage(sql: SqlRunner, workspace: string, after: bigint): Promise<readonly AuditRecord[]> {
  const rows = await sql.all<AuditRow>(
    `select ${AUDIT_COLUMNS} from slipway_audit_record r where r.workspace = ? and r.sequence > ? order by r.sequence limit ${PAGE_ROWS}`,
    [workspace, after],
  );
  return rows.map(toAuditRecord);
}

async function readHead(sql: SqlRunner, workspace: string): Promise<{ sequence: bigint; hash: string }> {
  const [row] = await sql.all<{ sequence: string; hash: string }>(
    'select cast(sequence as text) as sequence, hash from slipway_audit_head where workspace = ?',
    [workspace],
  );
  return row ? { sequence: BigInt(row.sequence), hash: row.hash } : { sequence: 0n, hash: GENESIS_HASH };
}
