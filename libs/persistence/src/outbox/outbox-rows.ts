import type { BusHead, PublishReceipt } from '@slipway/plugin-kit';
import type { Micros } from '@slipway/kernel';
import type { SqlRunner, SqlValue } from '../database/sql-runner.ts';
import type { Lease } from './partition-leases.ts';

/** A row on its way to the bus. */
export interface WaitingRow {
  readonly position: bigint;
  readonly partition: number;
  readonly event: string;
}

const slots = (values: readonly unknown[]): string => values.map(() => '?').join(', ');

/** The oldest rows of these partitions that are not published, in the order of commits per key. Never "after the last one": positions of different keys do not commit in order. */
export async function readWaiting(
  sql: SqlRunner,
  partitions: readonly number[],
  limit: number,
): Promise<readonly WaitingRow[]> {
  if (partitions.length === 0) return [];
  const rows = await sql.all<{ position: string; partition: number; event: string }>(
    `select cast(position as text) as position, partition, event from slipway_outbox o
     where o.partition in (${slots(partitions)}) and o.published_at is null and o.rejected is null
     order by o.position limit ${limit}`,
    partitions,
  );
  return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
}

/**
 * Notes that rows are on the bus; only those whose partition is still leased under the epoch that they were read with.
 * @returns how many were marked.
 */
export async function markPublished(
  sql: SqlRunner,
  published: readonly { readonly row: WaitingRow; readonly receipt: PublishReceipt }[],
  at: {
    readonly leases: ReadonlyMap<number, Lease>;
    readonly owner: string;
    readonly logId: string;
    readonly now: Micros;
  },
): Promise<number> {
  let marked = 0;
  for (const [partition, lease] of at.leases) {
    const rows = published.filter(({ row }) => row.partition === partition);
    if (rows.length === 0) continue;
    const values = rows.flatMap(({ row, receipt }): SqlValue[] => [row.position, receipt.sequence]);
    marked += await sql.run(
      `update slipway_outbox set published_at = ?, log_id = ?, bus_sequence = v.column2
       from (values ${rows.map(() => '(cast(? as bigint), cast(? as bigint))').join(', ')}) as v
       where slipway_outbox.position = v.column1 and exists
         (select 1 from slipway_outbox_lease l where l.partition = ? and l.owner = ? and l.epoch = ?)`,
      [at.now, at.logId, ...values, partition, at.owner, lease.epoch],
    );
  }
  return marked;
}

/** Puts a row aside that the bus will never take, so that the rest of its key goes on. */
export async function markRejected(sql: SqlRunner, position: bigint, reason: string): Promise<void> {
  await sql.run('update slipway_outbox set rejected = ? where position = ?', [reason.slice(0, 1_000), position]);
}

/** Rows that the log should have and does not, back to waiting: of another incarnation, or beyond its end. @returns how many. */
export function reopenLost(sql: SqlRunner, head: BusHead): Promise<number> {
  return sql.run(
    `update slipway_outbox set published_at = null, log_id = null, bus_sequence = null
     where published_at is not null and (log_id < ? or log_id > ? or (log_id = ? and bus_sequence > ?))`,
    [head.logId, head.logId, head.logId, head.lastSequence],
  );
}

/** Rows made in a time range, back to waiting, whatever the bus says. @returns how many. */
export function reopenRange(sql: SqlRunner, from: Micros, to: Micros): Promise<number> {
  return sql.run(
    `update slipway_outbox set published_at = null, log_id = null, bus_sequence = null
     where published_at is not null and created_at >= ? and created_at < ?`,
    [from, to],
  );
}

/** Deletes up to `limit` rows published before a time. @returns how many. */
export function purgePublished(sql: SqlRunner, before: Micros, limit: number): Promise<number> {
  return sql.run(
    `delete from slipway_outbox where position in
       (select position from slipway_outbox where published_at is not null and published_at < ? order by published_at limit ${limit})`,
    [before],
  );
}

/** What waits: number of rows and the time of the oldest. */
export async function readBacklog(sql: SqlRunner): Promise<{ rows: number; oldest: Micros | undefined }> {
  const [row] = await sql.all<{ rows: string; oldest: string | null }>(
    `select cast(count(*) as text) as rows, cast(min(created_at) as text) as oldest from slipway_outbox
     where published_at is null and rejected is null`,
  );
  return { rows: Number(row?.rows ?? 0), oldest: row?.oldest == null ? undefined : BigInt(row.oldest) };
}

/**
 * Deletes answers to requests that have expired, and notes of events that no outbox can publish any more: older than twice its retention.
 * @param outboxBefore where the retention of the outbox ends. @returns the larger number of rows deleted from either, up to `limit`.
 */
export async function purgeNotes(sql: SqlRunner, now: Micros, outboxBefore: Micros, limit: number): Promise<number> {
  const requests = await sql.run(
    `delete from slipway_request where (workspace, principal, method, request_id) in
       (select workspace, principal, method, request_id from slipway_request where expires_at <= ? limit ${limit})`,
    [now],
  );
  const inbox = await sql.run(
    `delete from slipway_inbox where (workspace, consumer, event_id) in
       (select workspace, consumer, event_id from slipway_inbox where received_at < ? limit ${limit})`,
    [outboxBefore - (now - outboxBefore)],
  );
  return Math.max(requests, inbox);
}
