import type { Micros } from '@slipway/kernel';
import type { SqlRunner } from '../database/sql-runner.ts';
import { PARTITIONS } from './partition.ts';

/** The right to publish one partition, until it ends or is taken over under the next epoch. */
export interface Lease {
  readonly epoch: bigint;
  readonly until: Micros;
}

/**
 * Renews what the owner holds, takes what is free up to its fair share, gives back what is more. Runs in one transaction.
 * Clocks of relays may differ by less than the lease: safety rests on epochs and message ids, leases only keep two from doing the same work.
 */
export async function acquireLeases(
  sql: SqlRunner,
  owner: string,
  now: Micros,
  leaseMicros: bigint,
): Promise<ReadonlyMap<number, Lease>> {
  const until = now + leaseMicros;
  if (sql.dialect === 'postgresql')
    await sql.all('select pg_advisory_xact_lock(hashtext(?))', ['slipway.outbox.leases']);
  await sql.run('delete from slipway_outbox_member where until <= ?', [now]);
  await sql.run(
    'insert into slipway_outbox_member (owner, until) values (?, ?) on conflict (owner) do update set until = excluded.until',
    [owner, until],
  );
  const [members] = await sql.all<{ n: string }>('select cast(count(*) as text) as n from slipway_outbox_member');
  const share = Math.ceil(PARTITIONS / Math.max(1, Number(members?.n ?? 1)));
  await insertMissing(sql);
  const rows = await sql.all<{ partition: number; owner: string; epoch: string; until: string }>(
    'select partition, owner, cast(epoch as text) as epoch, cast(until as text) as until from slipway_outbox_lease order by partition',
  );
  const held = new Map<number, Lease>();
  const mine = rows.filter((row) => row.owner === owner && BigInt(row.until) > now);
  for (const { partition, epoch } of mine.slice(0, share)) {
    await sql.run('update slipway_outbox_lease set until = ? where partition = ?', [until, partition]);
    held.set(partition, { epoch: BigInt(epoch), until });
  }
  for (const { partition } of mine.slice(share)) await release(sql, owner, partition);
  for (const { partition, epoch } of rows.filter((row) => BigInt(row.until) <= now).slice(0, share - held.size)) {
    const next = BigInt(epoch) + 1n;
    await sql.run('update slipway_outbox_lease set owner = ?, epoch = ?, until = ? where partition = ?', [
      owner,
      next,
      until,
      partition,
    ]);
    held.set(partition, { epoch: next, until });
  }
  return held;
}

async function insertMissing(sql: SqlRunner): Promise<void> {
  const values = Array.from({ length: PARTITIONS }, (_, partition) => `(${partition}, '', 0, 0)`).join(', ');
  await sql.run(
    `insert into slipway_outbox_lease (partition, owner, epoch, until) values ${values} on conflict do nothing`,
  );
}

const release = (sql: SqlRunner, owner: string, partition: number): Promise<number> =>
  sql.run('update slipway_outbox_lease set until = 0 where partition = ? and owner = ?', [partition, owner]);

/** Gives everything back at once, so that another relay need not wait for the leases to end. */
export async function releaseLeases(sql: SqlRunner, owner: string): Promise<void> {
  await sql.run('update slipway_outbox_lease set until = 0 where owner = ?', [owner]);
  await sql.run('delete from slipway_outbox_member where owner = ?', [owner]);
}

/** For a relay that knows it is the only one: whoever held a lease has died. */
export async function endAllLeases(sql: SqlRunner): Promise<void> {
  await sql.run('update slipway_outbox_lease set until = 0');
  await sql.run('delete from slipway_outbox_member');
}
