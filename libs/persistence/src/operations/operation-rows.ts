import type { Micros } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '../database/sql-runner.ts';
import type { OperationRecord, OperationState } from './operation.ts';

interface Row {
  readonly workspace: string;
  readonly id: string;
  readonly kind: string;
  readonly state: OperationState;
  readonly done: string;
  readonly total: string;
  readonly unit: string;
  readonly error_kind: string | null;
  readonly error_reason: string | null;
  readonly error_message: string | null;
  readonly result_json: string | null;
  readonly result_type: string | null;
  readonly principal: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly cancel_requested: number;
}

const SELECT = `select workspace, id, kind, state, cast(done as text) as done, cast(total as text) as total, unit, error_kind,
  error_reason, error_message, result_json, result_type, principal, cast(created_at as text) as created_at,
  cast(updated_at as text) as updated_at, cancel_requested from slipway_operation o`;

const toRecord = (row: Row): OperationRecord => ({
  workspace: row.workspace,
  id: row.id,
  kind: row.kind,
  state: row.state,
  done: BigInt(row.done),
  total: BigInt(row.total),
  unit: row.unit,
  error:
    row.error_kind === null
      ? undefined
      : { kind: row.error_kind, reason: row.error_reason ?? '', message: row.error_message ?? '' },
  resultJson: row.result_json ?? undefined,
  resultType: row.result_type ?? undefined,
  principal: row.principal,
  createdAt: BigInt(row.created_at),
  updatedAt: BigInt(row.updated_at),
  cancelRequested: row.cancel_requested !== 0,
});

export async function readOperation(
  sql: SqlRunner,
  workspace: string,
  id: string,
): Promise<OperationRecord | undefined> {
  const [row] = await sql.all<Row>(`${SELECT} where o.workspace = ? and o.id = ?`, [workspace, id]);
  return row && toRecord(row);
}

/** Newest first: ids sort by the time they were made. `kind` '' means all; the next page begins before the last id. */
export async function listOperations(
  sql: SqlRunner,
  query: { workspace: string; kind: string; before: string | undefined; limit: number },
): Promise<readonly OperationRecord[]> {
  const filters: [string, SqlValue | undefined][] = [
    ['o.workspace = ?', query.workspace],
    ['o.kind = ?', query.kind === '' ? undefined : query.kind],
    ['o.id < ?', query.before],
  ];
  const used = filters.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]));
  const rows = await sql.all<Row>(
    `${SELECT} where ${used.map(({ text }) => text).join(' and ')} order by o.id desc limit ?`,
    [...used.map(({ value }) => value), query.limit],
  );
  return rows.map(toRecord);
}

export async function insertOperation(
  sql: SqlRunner,
  begin: { workspace: string; id: string; kind: string; unit: string; principal: string },
  lease: { owner: string; until: Micros; now: Micros },
): Promise<void> {
  await sql.run(
    `insert into slipway_operation (workspace, id, kind, state, done, total, unit, principal, created_at, updated_at,
       cancel_requested, lease_owner, lease_until) values (?, ?, ?, 'pending', 0, 0, ?, ?, ?, ?, 0, ?, ?)`,
    [
      begin.workspace,
      begin.id,
      begin.kind,
      begin.unit,
      begin.principal,
      lease.now,
      lease.now,
      lease.owner,
      lease.until,
    ],
  );
}

/** Progress and a longer lease, as long as it is ours and not final. @returns false when it is not: then the work must stop. */
export async function renewOperation(
  sql: SqlRunner,
  at: {
    workspace: string;
    id: string;
    owner: string;
    until: Micros;
    now: Micros;
    done: bigint;
    total: bigint;
    state: 'pending' | 'running';
  },
): Promise<boolean> {
  const changed = await sql.run(
    `update slipway_operation set state = ?, done = ?, total = ?, updated_at = ?, lease_until = ?
     where workspace = ? and id = ? and lease_owner = ? and state in ('pending', 'running')`,
    [at.state, at.done, at.total, at.now, at.until, at.workspace, at.id, at.owner],
  );
  return changed === 1;
}

/** The final state; nothing when the reaper was faster. */
export async function finishOperation(
  sql: SqlRunner,
  at: { workspace: string; id: string; owner: string; now: Micros; done: bigint; total: bigint },
  outcome: Pick<OperationRecord, 'state' | 'error' | 'resultJson' | 'resultType'>,
): Promise<void> {
  await sql.run(
    `update slipway_operation set state = ?, error_kind = ?, error_reason = ?, error_message = ?, result_json = ?, result_type = ?,
       done = ?, total = ?, updated_at = ? where workspace = ? and id = ? and lease_owner = ? and state in ('pending', 'running')`,
    [
      outcome.state,
      outcome.error?.kind ?? null,
      outcome.error?.reason ?? null,
      outcome.error?.message ?? null,
      outcome.resultJson ?? null,
      outcome.resultType ?? null,
      at.done,
      at.total,
      at.now,
      at.workspace,
      at.id,
      at.owner,
    ],
  );
}

/** Idempotent; nothing for a final one. */
export async function requestCancel(sql: SqlRunner, workspace: string, id: string, now: Micros): Promise<void> {
  await sql.run(
    `update slipway_operation set cancel_requested = 1, updated_at = ?
     where workspace = ? and id = ? and cancel_requested = 0 and state in ('pending', 'running')`,
    [now, workspace, id],
  );
}

/** Fails what nobody works on any more. @returns how many. */
export function reapOperations(sql: SqlRunner, now: Micros): Promise<number> {
  return sql.run(
    `update slipway_operation set state = 'failed', error_kind = 'unavailable', error_reason = 'OPERATION_ABANDONED',
       error_message = 'the process that worked on it is gone; begin it again', updated_at = ?
     where state in ('pending', 'running') and lease_until < ?`,
    [now, now],
  );
}
