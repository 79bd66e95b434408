import type { MonitoringDependencies } from '../dependencies.ts';
import { monitorNotFound } from '../errors.ts';
import type { Alert } from '../alert.ts';
import type { Monitor } from '../monitor.ts';
import type { Call, Page, PageRequest } from '../unit-of-work.ts';

type Reading = Pick<MonitoringDependencies, 'unitOfWork'>;

/** @throws {NotFoundError} reason MONITOR_NOT_FOUND. */
export async function getMonitor({ caller }: Call, objective: string, { unitOfWork }: Reading): Promise<Monitor> {
  const monitor = await unitOfWork.read(caller, ({ monitors }) => monitors.get(objective));
  if (!monitor) throw monitorNotFound(objective);
  return monitor;
}

/** By objective. */
export const listMonitors = ({ caller }: Call, page: PageRequest, { unitOfWork }: Reading): Promise<Page<Monitor>> =>
  unitOfWork.read(caller, ({ monitors }) => monitors.list(page));

/** Newest first. @param objective undefined for all. */
export const listAlerts = (
  { caller }: Call,
  objective: string | undefined,
  page: PageRequest,
  { unitOfWork }: Reading,
): Promise<Page<Alert>> => unitOfWork.read(caller, ({ alerts }) => alerts.list(objective, page));
