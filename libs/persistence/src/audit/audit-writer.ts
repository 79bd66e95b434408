import { canonicalJson, ExhaustedError } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '../database/sql-runner.ts';
import type { AuditEntry, AuditTrail, UnitOfWorkContext } from '../unit-of-work/transaction.ts';
import { GENESIS_HASH, hashAuditRecord, type AuditRecord } from './audit-record.ts';

const DETAILS_BYTES_MAX = 64 * 1024;
const ENTRIES_PER_TRANSACTION_MAX = 1_000;
const ROWS_PER_INSERT = 50;

/** Collects the entries of one transaction and chains them at its end. */
export class AuditWriter implements AuditTrail {
  readonly #context: UnitOfWorkContext;
  readonly #now: bigint;
  readonly #entries: (Omit<AuditEntry, 'details'> & { readonly details: string })[] = [];

  constructor(context: UnitOfWorkContext, now: bigint) {
    this.#context = context;
    this.#now = now;
  }

  add = (entry: AuditEntry): void => {
    const details = canonicalJson(entry.details ?? {});
    if (Buffer.byteLength(details) > DETAILS_BYTES_MAX) {
      throw new ExhaustedError(`details of an audit entry are at most ${DETAILS_BYTES_MAX} bytes`, {
        reason: 'AUDIT_ENTRY_TOO_LARGE',
      });
    }
    if (this.#entries.length >= ENTRIES_PER_TRANSACTION_MAX) {
      throw new ExhaustedError(`a transaction makes at most ${ENTRIES_PER_TRANSACTION_MAX} audit entries`, {
        reason: 'TOO_MANY_AUDIT_ENTRIES',
      });
    }
    this.#entries.push({ ...entry, details });
  };

  /** The very last thing of a transaction: the head stays locked until the commit, and all audited writers of the workspace queue here. */
  async write(sql: SqlRunner): Promise<void> {
    if (this.#entries.length === 0) return;
    const { workspace, principal } = this.#context.caller;
    let head = await lockHead(sql, workspace);
    const records: AuditRecord[] = [];
    for (const { action, resource, details } of this.#entries) {
      const unsigned = {
        workspace,
        sequence: head.sequence + 1n,
        time: this.#now,
        principal,
        requestId: this.#context.requestId,
        action,
        resource,
        details,
        previousHash: head.hash,
      };
      const record = { ...unsigned, hash: hashAuditRecord(unsigned) };
      records.push(record);
      head = record;
    }
    await insertRecords(sql, records);
    await sql.run('update slipway_audit_head set sequence = ?, hash = ? where workspace = ?', [
      head.sequence,
      head.hash,
      workspace,
    ]);
  }
}

async function lockHead(sql: SqlRunner, workspace: string): Promise<{ sequence: bigint; hash: string }> {
  const forUpdate = sql.dialect === 'postgresql' ? ' for update' : ''; // SQLite: the transaction began IMMEDIATE
  const statement = `select cast(sequence as text) as sequence, hash from slipway_audit_head where workspace = ?${forUpdate}`;
  const read = () => sql.all<{ sequence: string; hash: string }>(statement, [workspace]);
  let [head] = await read();
  if (!head) {
    const values = [workspace, GENESIS_HASH];
    await sql.run(
      'insert into slipway_audit_head (workspace, sequence, hash) values (?, 0, ?) on conflict do nothing',
      values,
    );
    [head] = await read();
  }
  if (!head) throw new Error(`no head of the audit chain of workspace '${workspace}'`);
  return { sequence: BigInt(head.sequence), hash: head.hash };
}

async function insertRecords(sql: SqlRunner, records: readonly AuditRecord[]): Promise<void> {
  for (let start = 0; start < records.length; start += ROWS_PER_INSERT) {
    const rows = records.slice(start, start + ROWS_PER_INSERT);
    await sql.run(
      `insert into slipway_audit_record
         (workspace, sequence, previous_hash, hash, time, principal, request_id, action, resource, details)
       values ${rows.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
      rows.flatMap((row): SqlValue[] => [
        row.workspace,
        row.sequence,
        row.previousHash,
        row.hash,
        row.time,
        row.principal,
        row.requestId,
        row.action,
        row.resource,
        row.details,
      ]),
    );
  }
}
