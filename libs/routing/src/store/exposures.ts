import type { Transaction } from '@slipway/persistence';
import type { Exposure } from '../domain/assignment.ts';
import type { RoutingExperiment } from '../domain/routing-experiment.ts';

/** Keeps first exposures and counts them. @returns the units that had none before. */
export async function addExposures(
  { sql, now }: Pick<Transaction, 'sql' | 'now'>,
  workspace: string,
  { id, revision, share }: RoutingExperiment,
  exposures: readonly Exposure[],
): Promise<ReadonlySet<string>> {
  if (exposures.length === 0) return new Set();
  // in one order everywhere: calls with the same units wait for each other in a line, never in a circle
  const sorted = exposures.toSorted((left, right) => (left.unitHash < right.unitHash ? -1 : 1));
  const added = await sql.all<{ readonly hash: string }>(
    `insert into routing_exposure (workspace, experiment, unit_hash, arm, share, revision, time)
     values ${sorted.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}
     on conflict do nothing returning unit_hash as hash`,
    sorted.flatMap((each) => [workspace, id, each.unitHash, each.arm, each.share, revision, now]),
  );
  const fresh = new Set(added.map(({ hash }) => hash));
  const treatment = sorted.filter(({ unitHash, arm }) => arm === 1 && fresh.has(unitHash)).length;
  if (fresh.size > 0) {
    await sql.run(
      `insert into routing_exposure_count (workspace, experiment, revision, share, control, treatment)
       values (?, ?, ?, ?, ?, ?)
       on conflict (workspace, experiment, revision) do update set
         control = routing_exposure_count.control + excluded.control,
         treatment = routing_exposure_count.treatment + excluded.treatment`,
      [workspace, id, revision, share, BigInt(fresh.size - treatment), BigInt(treatment)],
    );
  }
  return fresh;
}
