import { InvalidArgumentError, type Micros } from '@slipway/kernel';
import type { Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import type { DayScope } from '../join/day-visitor.ts';
import { fingerprintsOf, visitDay, type DayInputs } from '../join/read-day.ts';
import { ExperimentDaySums, type ComparedVersion, type ExperimentSums } from '../sum-experiment.ts';
import type { Call, StoredExperimentDay } from '../unit-of-work.ts';
import { versionKey, type VersionRef } from '../versions.ts';
import { getMonitor } from './read-monitors.ts';

export interface GetExperimentDays {
  readonly objective: string;
  readonly experiment: string;
  /** Outcomes observed later are not known yet, and predictions of days that begin later are left out; undefined for no bound. */
  readonly until: Micros | undefined;
  /** Versions to compare on the rows that all of them scored; undefined for arms on the rows that they answered. */
  readonly versions: readonly ComparedVersion[] | undefined;
  /** Version whose reference gives the constant score of all; undefined takes for each version its own. */
  readonly reference: ComparedVersion | undefined;
}

/** The sums of one day. */
export interface ExperimentDay {
  readonly day: Day;
  readonly sums: readonly ExperimentSums[];
}

/** Constant score for a version without a reference: it says nothing. */
const NO_KNOWLEDGE = 0.5;

/**
 * Sums by day, oldest first, and arm or version.
 * @throws {NotFoundError} reason MONITOR_NOT_FOUND. @throws {InvalidArgumentError} when versions are to be compared and none is named.
 * @throws {UnavailableError} when the profile of a version cannot be fetched now.
 */
export async function getExperimentDays(
  call: Call,
  { objective, experiment, until, versions, reference }: GetExperimentDays,
  deps: MonitoringDependencies,
  signal: AbortSignal,
): Promise<readonly ExperimentDay[]> {
  if (versions) assertVersions(versions);
  const monitor = await getMonitor(call, objective, deps);
  const { workspace } = call.caller;
  const scope: ExperimentScope = { workspace, monitor, experiment, versions: versions ?? [], reference };
  const { days, inputs } = await deps.unitOfWork.read(scope, async (reads) => {
    const all = await reads.experiments.days(objective, experiment);
    const begun = all.filter((day) => until === undefined || BigInt(day) * 86_400_000_000n < until);
    return { days: begun, inputs: await fingerprintsOf(reads, scope, begun) };
  });
  const found: ExperimentDay[] = [];
  for (const day of days) {
    const known = inputs.get(day) ?? { fingerprint: '', rows: 0 };
    const time = until === undefined ? Number.POSITIVE_INFINITY : Number(until);
    const sums = await sumsOfDay(call, scope, { day, until: time, ...known }, deps, signal);
    found.push({ day, sums: inOrder(sums, scope.versions) });
  }
  return found;
}

interface ExperimentScope extends DayScope {
  readonly experiment: string;
  readonly versions: readonly ComparedVersion[];
  readonly reference: ComparedVersion | undefined;
}

function assertVersions(versions: readonly ComparedVersion[]): void {
  if (versions.length === 0) throw InvalidArgumentError.of('versions', 'name the versions to compare, in their order');
  if (new Set(versions.map(versionKey)).size < versions.length) throw InvalidArgumentError.of('versions', 'names one twice'); // prettier-ignore
}

/** Kept for later calls when all outcomes that there are were known: then every later time has the same sums, until there are more blocks. */
async function sumsOfDay(
  call: Call,
  scope: ExperimentScope,
  { day, until, fingerprint, rows }: DayInputs & { readonly day: Day; readonly until: number },
  deps: MonitoringDependencies,
  signal: AbortSignal,
): Promise<readonly ExperimentSums[]> {
  const { objective } = scope.monitor;
  const { reference } = scope;
  const variant = [...scope.versions, ...(reference ? [reference] : [])].map(versionKey).join(',');
  const key = { objective, experiment: scope.experiment, day, variant };
  const kept = await deps.unitOfWork.read(scope, ({ experiments }) => experiments.sums(key));
  if (kept?.fingerprint === fingerprint && kept.completeFrom <= until) return kept.sums as readonly ExperimentSums[];
  const shares = new Map<string, number>();
  const sums = new ExperimentDaySums(
    scope.experiment,
    scope.versions,
    (version) => shares.get(versionKey(reference ?? version)) ?? NO_KNOWLEDGE,
  );
  const loadShares = async (versions: readonly VersionRef[]): Promise<void> => {
    for (const version of versions) {
      if (shares.has(versionKey(version))) continue;
      const { profile } = await deps.profiles.get(scope.workspace, version, signal);
      shares.set(versionKey(version), profile?.positiveShare ?? NO_KNOWLEDGE);
    }
  };
  const visitor = { versions: loadShares, share: (join: Parameters<typeof sums.share>[0]) => sums.share(join) };
  await visitDay(scope, day, { rows, until }, visitor, deps, signal);
  if (sums.lastObserved <= until) {
    const completeFrom = Math.max(sums.lastObserved, Number.MIN_SAFE_INTEGER);
    const stored: StoredExperimentDay<unknown> = { fingerprint, completeFrom, sums: sums.sums() };
    await deps.unitOfWork.run(call, (tx) => tx.experiments.putSums(key, stored));
  }
  return sums.sums();
}

/** Arms by name; versions as they were asked for. */
function inOrder(sums: readonly ExperimentSums[], versions: readonly ComparedVersion[]): readonly ExperimentSums[] {
  const wanted = versions.map(versionKey);
  return sums.toSorted((left, right) => {
    if (wanted.length > 0) return wanted.indexOf(versionKey(left.version)) - wanted.indexOf(versionKey(right.version));
    if (left.arm !== right.arm) return left.arm < right.arm ? -1 : 1;
    return versionKey(left.version) < versionKey(right.version) ? -1 : 1;
  });
}
