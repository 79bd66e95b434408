import type { Caller } from '@slipway/kernel';
import type { UnitOfWork } from '@slipway/persistence';
import type { Expired, Housekeeping } from '../domain/housekeeping.ts';
import type { Call } from '../domain/unit-of-work.ts';

/** Nobody's call: what was asked for is finished later, and settings are followed. */
export const houseCall = (workspace: string): Call => {
  const caller: Caller = {
    principal: 'tracking-housekeeping',
    workspace,
    allWorkspaces: false,
    permissions: new Set<string>(),
  };
  return { caller, requestId: 'tracking-housekeeping' };
};

const EXPIRED: Readonly<Record<Expired['kind'], string>> = {
  experiment: `select workspace, cast(id as text) as id from tracking_experiment where deleted and last_update_time < ?
    order by last_update_time limit cast(? as integer)`,
  run: `select workspace, run_id as id from tracking_run where deleted and deleted_time < ? order by deleted_time limit cast(? as integer)`,
  model: `select workspace, model_id as id from tracking_logged_model where deleted_time < ? order by deleted_time limit cast(? as integer)`,
};

/** On a database of tracking. A deleted experiment takes no change, so its last one is the deletion. */
export const createHousekeeping = (unitOfWork: UnitOfWork): Housekeeping => {
  const expiredOf = (kind: Expired['kind'], before: bigint, bound: number): Promise<readonly Expired[]> =>
    unitOfWork.read(async ({ sql }) => {
      const rows = await sql.all<{ workspace: string; id: string }>(EXPIRED[kind], [before, bound]);
      return rows.map(({ workspace, id }) =>
        kind === 'experiment' ? { kind, workspace, id: BigInt(id) } : { kind, workspace, id },
      );
    });
  return {
    removals: (before, bound) =>
      unitOfWork.read(({ sql }) =>
        sql.all(
          'select workspace, prefix from tracking_removal where noted < ? order by noted, prefix limit cast(? as integer)',
          [before, bound],
        ),
      ),
    finish: ({ workspace, prefix }) =>
      unitOfWork.run(houseCall(workspace), async ({ sql }) => {
        await sql.run('delete from tracking_removal where workspace = ? and prefix = ?', [workspace, prefix]);
      }),
    expired: async (before, bound) => {
      const found: Expired[] = [];
      for (const kind of ['experiment', 'run', 'model'] as const) {
        if (found.length < bound) found.push(...(await expiredOf(kind, before, bound - found.length)));
      }
      return found;
    },
  };
};
