import type { MonitoringDependencies } from '../dependencies.ts';
import { completeSettings, type Monitor, type MonitorSettings } from '../monitor.ts';
import type { Call } from '../unit-of-work.ts';

const METHOD = 'monitoring.SetMonitor';

/** Creates or changes the monitor of an objective. The same settings again change nothing. @throws {InvalidArgumentError} */
export async function setMonitor(
  call: Call,
  { requestId, ...given }: MonitorSettings & { readonly requestId: string },
  { unitOfWork }: Pick<MonitoringDependencies, 'unitOfWork'>,
): Promise<Monitor> {
  const settings = completeSettings(given);
  return unitOfWork.run(call, (tx) =>
    tx.once(METHOD, requestId, settings, async () => {
      const before = await tx.monitors.lock(settings.objective);
      if (before && isSame(before, settings)) return before;
      const monitor: Monitor = {
        ...settings,
        revision: (before?.revision ?? 0n) + 1n,
        updateTime: tx.now,
        evaluatedUntil: before?.evaluatedUntil,
      };
      await tx.monitors.put(monitor);
      const { output, labelDelaySeconds, coverageMin, rowsMin, falseAlarmDays, manual } = settings;
      const numbers = { labelDelaySeconds, coverageMin, rowsMin, falseAlarmDays };
      const details = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, `${value}`]));
      tx.audit.add({
        action: 'monitoring.monitors.set',
        resource: `objectives/${settings.objective}`,
        details: { ...details, output, manual: `${manual}` },
      });
      return monitor;
    }),
  );
}

const isSame = (before: Monitor, settings: MonitorSettings): boolean =>
  (Object.keys(settings) as (keyof MonitorSettings)[]).every((key) => before[key] === settings[key]);
