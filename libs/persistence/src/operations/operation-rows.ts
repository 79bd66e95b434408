import type { Micros } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '../database/sql-runner.ts';
import type { OperationFailure, OperationKey, OperationRecord, OperationState } from './operation.ts';

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
  readonly lease_owner: string;
  readonly lease_until: string;
  readonly revision: string;
  readonly input_json: string | null;
}

const COLUMNS = `workspace, id, kind, state, cast(done as text) as done, cast(total as text) as total, unit, error_kind,
  error_reason, error_message, result_json, result_type, principal, cast(created_at as text) as created_at,
  cast(updated_at as text) as updated_at, cancel_requested, lease_owner, cast(lease_until as text) as lease_until,
  cast(revision as text) as revision, input_json`;
const UNFINISHED = `state in ('pending', 'running')`;

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
  leaseOwner: row.lease_owner,
  leaseUntil: BigInt(row.lease_until),
  revision: BigInt(row.revision),
  inputJson: row.input_json ?? undefined,
});

export async function readOperation(sql: SqlRunner, key: OperationKey): Promise<OperationRecord | undefined> {
  const [row] = await sql.all<Row>(`select ${COLUMNS} from slipway_operation o where o.workspace = ? and o.id = ?`, [
    key.workspace,
    key.id,
  ]);
  return row && toRecord(row);
}

export interface OperationQuery {
  readonly workspace: string;
  /** '' means all. */
  readonly kind: string;
  /** Id of the last one of the page before. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** Newest first: ids sort by the time they were made. */
export async function listOperations(sql: SqlRunner, query: OperationQuery): Promise<readonly OperationRecord[]> {
  const filters: [string, SqlValue | undefined][] = [
    ['o.workspace = ?', query.workspace],
    ['o.kind = ?', query.kind === '' ? undefined : query.kind],
    ['o.id < ?', query.before],
  ];
  const used = filters.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]));
  const rows = await sql.all<Row>(
    `select ${COLUMNS} from slipway_operation o where ${used.map(({ text }) => text).join(' and ')}
     order by o.id desc limit ?`,
    [...used.map(({ value }) => value), query.limit],
  );
  return rows.map(toRecord);
}

export async function insertOperation(sql: SqlRunner, record: OperationRecord): Promise<void> {
  await sql.run(
    `insert into slipway_operation (workspace, id, kind, state, done, total, unit, principal, created_at, updated_at,
       cancel_requested, lease_owner, lease_until, revision, input_json) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
    [
      record.workspace,
      record.id,
      record.kind,
      record.state,
      record.done,
      record.total,
      record.unit,
      record.principal,
      record.createdAt,
      record.updatedAt,
      record.leaseOwner,
      record.leaseUntil,
      record.revision,
      record.inputJson ?? null,
    ],
  );
}

/** What an owner may change; what is left out of `outcome` becomes empty. */
export interface OperationChange {
  readonly state: OperationState;
  readonly done: bigint;
  readonly total: bigint;
  readonly error?: OperationFailure;
  readonly resultJson?: string;
  readonly resultType?: string;
}

/** @returns the row after the change; undefined when `known` is not the newest revision, not its owner's any more, or final. */
export async function updateOperation(
  sql: SqlRunner,
  known: OperationRecord,
  change: OperationChange,
  now: Micros,
): Promise<OperationRecord | undefined> {
  const [row] = await sql.all<Row>(
    `update slipway_operation set state = ?, done = ?, total = ?, error_kind = ?, error_reason = ?, error_message = ?,
       result_json = ?, result_type = ?, updated_at = ?, revision = revision + 1
     where workspace = ? and id = ? and lease_owner = ? and revision = ? and ${UNFINISHED} returning ${COLUMNS}`,
    [
      change.state,
      change.done,
      change.total,
      change.error?.kind ?? null,
      change.error?.reason ?? null,
      change.error?.message ?? null,
      change.resultJson ?? null,
      change.resultType ?? null,
      now,
      known.workspace,
      known.id,
      known.leaseOwner,
      known.revision,
    ],
  );
  return row && toRecord(row);
}

/** Idempotent; changes nothing of a final one. @returns whether this call was the one that asked. */
export async function requestCancel(sql: SqlRunner, key: OperationKey, now: Micros): Promise<boolean> {
  const changed = await sql.run(
    `update slipway_operation set cancel_requested = 1, updated_at = ?, revision = revision + 1
     where workspace = ? and id = ? and cancel_requested = 0 and ${UNFINISHED}`,
    [now, key.workspace, key.id],
  );
  return changed === 1;
}

/** One that is still ours. */
export interface HeldOperation {
  readonly id: string;
  readonly cancelRequested: boolean;
}

/** Extends the leases of those `ids` that the owner still holds; a lease that ran out and that nobody took notice of counts. */
export async function renewLeases(
  sql: SqlRunner,
  owner: string,
  ids: readonly string[],
  until: Micros,
): Promise<readonly HeldOperation[]> {
  const rows = await sql.all<{ id: string; cancel_requested: number }>(
    `update slipway_operation set lease_until = ? where lease_owner = ? and ${UNFINISHED}
       and id in (${ids.map(() => '?').join(', ')}) returning id, cancel_requested`,
    [until, owner, ...ids],
  );
  return rows.map((row) => ({ id: row.id, cancelRequested: row.cancel_requested !== 0 }));
}

/** Those of the owner that somebody wants stopped. */
export async function readCancelled(sql: SqlRunner, owner: string): Promise<readonly string[]> {
  const rows = await sql.all<{ id: string }>(
    `select id from slipway_operation where lease_owner = ? and cancel_requested = 1 and ${UNFINISHED}`,
    [owner],
  );
  return rows.map(({ id }) => id);
}

export const OWNER_LOST: OperationFailure = {
  kind: 'unavailable',
  reason: 'OWNER_LOST',
  message: 'the process that worked on it is gone; begin it again',
};

/** What a runner can begin again. */
export interface Resumable {
  readonly kinds: readonly string[];
  readonly attemptsMax: number;
}

/** True for rows that a runner may begin again; `not` of it is never null. */
function resumableSql({ kinds, attemptsMax }: Resumable): { text: string; values: readonly SqlValue[] } {
  if (kinds.length === 0) return { text: '1 = 0', values: [] };
  const places = kinds.map(() => '?').join(', ');
  return { text: `(input_json is not null and attempts < ? and kind in (${places}))`, values: [attemptsMax, ...kinds] };
}

/** Fails what nobody works on any more and nobody can begin again. @returns which. */
export function reapOperations(sql: SqlRunner, now: Micros, resumable: Resumable): Promise<readonly OperationKey[]> {
  const spared = resumableSql(resumable);
  return sql.all<{ workspace: string; id: string }>(
    `update slipway_operation set state = 'failed', error_kind = ?, error_reason = ?, error_message = ?, updated_at = ?,
       revision = revision + 1 where ${UNFINISHED} and lease_until <= ? and not ${spared.text} returning workspace, id`,
    [OWNER_LOST.kind, OWNER_LOST.reason, OWNER_LOST.message, now, now, ...spared.values],
  );
}

/** Takes over, oldest first, what nobody works on any more and can be begun again. @returns at most `limit` records, ours from now on. */
export async function takeOverOperations(
  sql: SqlRunner,
  resumable: Resumable,
  lease: { readonly owner: string; readonly until: Micros; readonly now: Micros; readonly limit: number },
): Promise<readonly OperationRecord[]> {
  const able = resumableSql(resumable);
  const rows = await sql.all<Row>(
    `update slipway_operation set lease_owner = ?, lease_until = ?, attempts = attempts + 1, state = 'pending', updated_at = ?,
       revision = revision + 1
     where ${UNFINISHED} and lease_until <= ? and ${able.text} and (workspace, id) in
       (select workspace, id from slipway_operation where ${UNFINISHED} and lease_until <= ? and ${able.text} order by id limit ?)
     returning ${COLUMNS}`,
    [lease.owner, lease.until, lease.now, lease.now, ...able.values, lease.now, ...able.values, lease.limit],
  );
  return rows.map(toRecord);
}

/** Gives an operation back for others to take over at once; the attempt does not count. @returns whether it was the owner's. */
export async function releaseOperation(
  sql: SqlRunner,
  key: OperationKey,
  owner: string,
  now: Micros,
): Promise<boolean> {
  const changed = await sql.run(
    `update slipway_operation set lease_until = ?, attempts = attempts - 1, state = 'pending', updated_at = ?, revision = revision + 1
     where workspace = ? and id = ? and lease_owner = ? and ${UNFINISHED}`,
    [now, now, key.workspace, key.id, owner],
  );
  return changed === 1;
}

/** Forgets what ended before a time. @returns how many, at most `limit`. */
export function purgeOperations(sql: SqlRunner, before: Micros, limit: number): Promise<number> {
  return sql.run(
    `delete from slipway_operation where (workspace, id) in (select workspace, id from slipway_operation
       where state in ('succeeded', 'failed', 'cancelled') and updated_at < ? order by updated_at limit ?)`,
    [before, limit],
  );
}
