import type { UnitOfWork } from '@slipway/persistence';

/** Monitors of one installation: as many as it has objectives. */
const MONITORS_MAX = 10_000;

/** Objectives whose monitors judge by themselves, across all workspaces. */
export const watchedMonitors = (
  unitOfWork: UnitOfWork,
): Promise<readonly { readonly workspace: string; readonly objective: string }[]> =>
  unitOfWork.read(({ sql }) =>
    sql.all<{ workspace: string; objective: string }>(
      `select workspace, objective from monitoring_monitor where manual = ${sql.dialect === 'sqlite' ? 0 : 'false'}
       order by workspace, objective limit ?`,
      [MONITORS_MAX],
    ),
  );
