import type { Database } from '@slipway/persistence';
import type { RunLease, RunLedger } from '../domain/unit-of-work.ts';

const GOES_ON = "state in ('running', 'waiting')";

interface LeaseRow {
  readonly workspace: string;
  readonly id: string;
  readonly epoch: string;
}

const leaseOf = (owner: string, { workspace, id, epoch }: LeaseRow): RunLease => ({
  workspace,
  id,
  owner,
  epoch: BigInt(epoch),
});

/** Who drives which run, over all workspaces. */
export const createRunLedger = (database: Pick<Database, 'read' | 'write'>): RunLedger => ({
  claim: (owner, until, now, limit) =>
    database.write(async ({ sql }) => {
      const rows = await sql.all<LeaseRow>(
        `update pipelines_run set lease_owner = ?, lease_until = ?, epoch = epoch + 1
         where ${GOES_ON} and lease_until <= ? and (workspace, id) in
           (select workspace, id from pipelines_run where ${GOES_ON} and lease_until <= ? order by id limit ?)
         returning workspace, id, cast(epoch as text) as epoch`,
        [owner, until, now, now, limit],
      );
      return rows.map((row) => leaseOf(owner, row));
    }),
  renew: (owner, until) =>
    database.write(async ({ sql }) => {
      const rows = await sql.all<LeaseRow & { cancelled: number }>(
        `update pipelines_run set lease_until = ? where ${GOES_ON} and lease_owner = ?
         returning workspace, id, cast(epoch as text) as epoch, case when cancel_requested then 1 else 0 end as cancelled`,
        [until, owner],
      );
      return rows.map((row) => ({ lease: leaseOf(owner, row), cancelRequested: row.cancelled === 1 }));
    }),
  due: (now, limit) =>
    database.read(({ sql }) =>
      sql.all<{ workspace: string; pipeline: string; name: string }>(
        'select workspace, pipeline, name from pipelines_trigger where fire_at <= ? order by fire_at limit ?',
        [now, limit],
      ),
    ),
});
