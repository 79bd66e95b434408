import type { ReferenceProfile } from '@slipway/reference-profile';
import type { Day } from './day.ts';
import type { DayStats } from './day-stats.ts';
import type { MonitoringDependencies } from './dependencies.ts';
import { DAYS_PER_CALL } from './limits.ts';
import type { DayScope } from './join/day-visitor.ts';
import { fingerprintsOf, visitDay, type DayInputs } from './join/read-day.ts';
import { DaySums } from './sum-day.ts';
import type { Call, DayRange, DayRecord } from './unit-of-work.ts';
import { versionKey, type VersionRef } from './versions.ts';

/** A day with numbers as of now. */
export interface CurrentDay extends DayRecord {
  readonly stats: DayStats;
}

/**
 * Days with predictions, oldest first, at most `limit`; those whose blocks have become more since they were last added up are added up again.
 * @throws {UnavailableError} when a profile is needed and the registry does not answer.
 */
export async function currentDays(
  call: Call,
  scope: DayScope,
  range: DayRange,
  deps: MonitoringDependencies,
  signal: AbortSignal,
  limit = DAYS_PER_CALL,
): Promise<readonly CurrentDay[]> {
  const { records, inputs } = await deps.unitOfWork.read(scope, async (reads) => {
    const found = await reads.days.range(scope.monitor.objective, range, limit);
    const days = found.map(({ day }) => day);
    return { records: found, inputs: await fingerprintsOf(reads, scope, days) };
  });
  const days: CurrentDay[] = [];
  for (const record of records) {
    const known = inputs.get(record.day) ?? { fingerprint: '', rows: 0 };
    const { stats: kept } = record;
    const isCurrent = kept?.fingerprint === known.fingerprint && !(await lacksBins(kept, scope, deps, signal));
    const stats = isCurrent ? kept : await addUp(call, scope, record.day, known, deps, signal);
    days.push({ ...record, stats });
  }
  return days;
}

/** Whether a version has a profile now and had none when the day was added up. */
async function lacksBins(
  { versions }: DayStats,
  { workspace }: DayScope,
  { profiles }: Pick<MonitoringDependencies, 'profiles'>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const version of versions) {
    if (version.scores === undefined && (await profiles.get(workspace, version, signal)).profile) return true;
  }
  return false;
}

/** What is kept belongs to the blocks that were counted before they were read: one that came in between is read again the next time. */
async function addUp(
  call: Call,
  scope: DayScope,
  day: Day,
  { fingerprint, rows }: DayInputs,
  deps: MonitoringDependencies,
  signal: AbortSignal,
): Promise<DayStats> {
  const { objective } = scope.monitor;
  const profiles = new ProfilesOfDay(scope.workspace, deps, signal);
  const sums = new DaySums(profiles.found);
  await visitDay(
    scope,
    day,
    { rows },
    {
      versions: (versions) => profiles.load(versions),
      block: (block) => sums.block(block),
      share: (join) => sums.share(join),
    },
    deps,
    signal,
  );
  const stats = sums.stats(day, fingerprint);
  await deps.unitOfWork.run(call, (tx) => tx.days.putStats(objective, stats));
  return stats;
}

/** Profiles of the versions that a day shows, as it shows them. */
class ProfilesOfDay {
  readonly found = new Map<string, ReferenceProfile>();
  readonly #asked = new Set<string>();
  readonly #workspace: string;
  readonly #deps: Pick<MonitoringDependencies, 'profiles'>;
  readonly #signal: AbortSignal;

  constructor(workspace: string, deps: Pick<MonitoringDependencies, 'profiles'>, signal: AbortSignal) {
    this.#workspace = workspace;
    this.#deps = deps;
    this.#signal = signal;
  }

  async load(versions: readonly VersionRef[]): Promise<void> {
    for (const version of versions) {
      const key = versionKey(version);
      if (this.#asked.has(key)) continue;
      const { profile } = await this.#deps.profiles.get(this.#workspace, version, this.#signal);
      this.#asked.add(key);
      if (profile) this.found.set(key, profile);
    }
  }
}
