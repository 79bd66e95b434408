import { encodePredictionBlock } from '../blocks/prediction-block.ts';
import { dayOf, type Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import { buildBlock } from '../ingest/build-block.ts';
import { profiledVersion, type ProfiledVersion } from '../ingest/count-features.ts';
import type { LoggedCall } from '../logged-call.ts';
import type { Monitor } from '../monitor.ts';
import type { Call, NewPredictionBlock } from '../unit-of-work.ts';
import { versionKey, type VersionRef } from '../versions.ts';

/** Predictions as an event brought them. */
export interface IngestPredictions {
  /** Of the event. */
  readonly id: string;
  readonly calls: readonly LoggedCall[];
  /** While true, features wait for their reference; then they are not counted for a version whose reference cannot be fetched. */
  readonly waitsForProfiles: boolean;
}

export interface IngestDependencies extends Pick<MonitoringDependencies, 'unitOfWork' | 'profiles' | 'log'> {
  readonly counters: FeatureCounters;
}

/**
 * Keeps the predictions of objectives that have a monitor, one block for each objective and day. The event again makes the same blocks, which
 * are there already.
 * @returns rows of new blocks.
 * @throws {UnavailableError} when a profile cannot be fetched now and `waitsForProfiles`.
 */
export async function ingestPredictions(
  call: Call,
  request: IngestPredictions,
  deps: IngestDependencies,
  signal: AbortSignal,
): Promise<number> {
  const byObjective = Map.groupBy(request.calls, ({ objective }) => objective);
  byObjective.delete('');
  if (byObjective.size === 0) return 0;
  const monitors = await deps.unitOfWork.read(call.caller, (reads) =>
    Promise.all([...byObjective.keys()].map((objective) => reads.monitors.get(objective))),
  );
  const blocks: NewPredictionBlock[] = [];
  for (const monitor of monitors) {
    if (!monitor) continue;
    const calls = byObjective.get(monitor.objective) ?? [];
    const profiled = await profiledOf(call.caller.workspace, calls, request, deps, signal);
    for (const [day, ofDay] of Map.groupBy(calls, ({ time }) => dayOf(time))) {
      blocks.push(newBlock(request.id, monitor, day, ofDay, profiled));
    }
  }
  if (blocks.length === 0) return 0;
  return deps.unitOfWork.run(call, async (tx) => {
    let rows = 0;
    for (const block of blocks) if (await tx.blocks.addPredictions(block)) rows += block.rows;
    return rows;
  });
}

function newBlock(
  id: string,
  { objective, output }: Monitor,
  day: Day,
  calls: readonly LoggedCall[],
  profiled: ReadonlyMap<string, ProfiledVersion>,
): NewPredictionBlock {
  const block = buildBlock(calls, output, profiled);
  const experiments = [...new Set(block.arms.map(({ experiment }) => experiment))];
  return { objective, day, id, rows: block.rows, experiments, payload: encodePredictionBlock(block) };
}

async function profiledOf(
  workspace: string,
  calls: readonly LoggedCall[],
  { waitsForProfiles }: Pick<IngestPredictions, 'waitsForProfiles'>,
  { profiles, counters, log }: IngestDependencies,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ProfiledVersion>> {
  const versions = new Map<string, VersionRef>();
  for (const { served, shadows } of calls) {
    versions.set(versionKey(served), served);
    for (const { version } of shadows) versions.set(versionKey(version), version);
  }
  const profiled = new Map<string, ProfiledVersion>();
  for (const [key, version] of versions) {
    try {
      const { profile } = await profiles.get(workspace, version, signal);
      if (profile) profiled.set(key, counters.of(profile));
    } catch (error) {
      if (waitsForProfiles || signal.aborted) throw error;
      log.warn({ error, version: key }, 'features are not counted: the reference of the version cannot be fetched');
    }
  }
  return profiled;
}

/** Ways to count features, made once for each profile. */
export class FeatureCounters {
  readonly #made = new WeakMap<Parameters<typeof profiledVersion>[0], ProfiledVersion>();

  of(profile: Parameters<typeof profiledVersion>[0]): ProfiledVersion {
    const known = this.#made.get(profile) ?? profiledVersion(profile);
    this.#made.set(profile, known);
    return known;
  }
}
