import type { Day } from '../day.ts';
import { YOUNG_SERVED_DAYS } from '../limits.ts';
import type { Monitor } from '../monitor.ts';
import type { References, Reference } from '../reference/references.ts';
import type { MainVersion, MonitoringUnitOfWork } from '../unit-of-work.ts';
import { versionKey, type VersionRef } from '../versions.ts';
import type { Yardstick } from './check-version.ts';

/** Versions before this one that are asked for a longer reference. */
const ELDERS_MAX = 20;

export interface YardstickDependencies {
  readonly unitOfWork: MonitoringUnitOfWork;
  readonly references: References;
}

/**
 * How a version is judged on a day. With a long reference by its own thresholds. With a short one, which has not seen enough to know what is
 * usual, by the larger of its own and those of the last version before it that had a long one, and only once it has answered most of the rows
 * on YOUNG_SERVED_DAYS days.
 * @param main of `day` itself. @returns undefined for a version without a reference.
 */
export async function yardstickOf(
  version: VersionRef,
  { workspace, monitor, day, main }: { workspace: string; monitor: Monitor; day: Day; main: VersionRef | undefined },
  { unitOfWork, references }: YardstickDependencies,
  signal: AbortSignal,
): Promise<Yardstick | undefined> {
  const referenceOf = (of: VersionRef) => references.get(workspace, of, monitor.falseAlarmDays, signal);
  const reference = await referenceOf(version);
  if (!reference) return undefined;
  if (reference.isLong) return { reference, elder: undefined, isOldEnough: true };
  const mains = await unitOfWork.read({ workspace }, ({ days }) => days.mains(monitor.objective, day, ELDERS_MAX));
  const isThis = (other: VersionRef): boolean => versionKey(other) === versionKey(version);
  const before = mains.find(({ version: other }) => isThis(other))?.days ?? 0;
  const served = before + (main && isThis(main) ? 1 : 0);
  const elder = await firstLong(
    mains.filter(({ version: other }) => !isThis(other)),
    referenceOf,
  );
  return { reference, elder, isOldEnough: served >= YOUNG_SERVED_DAYS };
}

async function firstLong(
  mains: readonly MainVersion[],
  referenceOf: (of: VersionRef) => Promise<Reference | undefined>,
): Promise<Reference | undefined> {
  for (const { version } of mains) {
    const reference = await referenceOf(version);
    if (reference?.isLong) return reference;
  }
  return undefined;
}
