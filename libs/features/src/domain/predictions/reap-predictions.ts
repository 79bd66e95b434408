import type { FeatureDependencies } from '../dependencies.ts';
import type { Call } from '../unit-of-work.ts';
import { predictionRows, type PredictionVersion } from './prediction-table.ts';

/** Versions looked at in one round; the rest waits for the next one. */
export const REAP_BATCH_MAX = 100;

export interface VersionRef {
  readonly workspace: string;
  readonly table: string;
  readonly version: bigint;
}

/** What the reaper asks of the state; across all workspaces. */
export interface PredictionLedger {
  /** Versions that are being loaded by no operation any more, at most `limit`. */
  abandoned(limit: number): Promise<readonly VersionRef[]>;
  /** Versions that were retired before, oldest first, at most `limit`. */
  retired(before: bigint, limit: number): Promise<readonly VersionRef[]>;
}

export interface ReapDependencies extends Pick<FeatureDependencies, 'unitOfWork' | 'online' | 'clock' | 'limits'> {
  readonly ledger: PredictionLedger;
  /** In whose name, in a workspace. */
  readonly callIn: (workspace: string) => Call;
}

/**
 * Drops the rows of versions that are neither served nor loading, a while after they were retired: so long a reader may go on that has just found the
 * version. The note of a version goes last, so that a round that breaks off is done again.
 * @returns how many versions were dropped.
 */
export async function reapPredictions(deps: ReapDependencies, signal: AbortSignal): Promise<number> {
  const { ledger, online, clock, limits } = deps;
  for (const ref of await ledger.abandoned(REAP_BATCH_MAX)) {
    signal.throwIfAborted();
    await change(ref, deps, 'loading', 'retire');
  }
  const before = clock.now() - BigInt(limits.retiredPredictionsMs) * 1000n;
  let dropped = 0;
  for (const ref of await ledger.retired(before, REAP_BATCH_MAX)) {
    const version = await find(ref, deps);
    if (version?.state !== 'retired') continue;
    await online.drop(predictionRows(ref.workspace, { name: ref.table, onlineSchema: version.onlineSchema }), signal);
    await change(ref, deps, 'retired', 'forget');
    dropped += 1;
  }
  return dropped;
}

const find = ({ workspace, table, version }: VersionRef, { unitOfWork }: ReapDependencies) =>
  unitOfWork.read({ workspace }, async ({ predictions }) =>
    (await predictions.versions(table)).find((one) => one.version === version),
  );

/** Nothing when the version is in another state by now. */
const change = (
  { workspace, table, version }: VersionRef,
  { unitOfWork, callIn }: ReapDependencies,
  from: PredictionVersion['state'],
  to: 'retire' | 'forget',
): Promise<void> =>
  unitOfWork.run(callIn(workspace), async (tx) => {
    await tx.lock();
    const found = (await tx.predictions.versions(table)).find((one) => one.version === version);
    if (found?.state !== from) return;
    if (to === 'forget') await tx.predictions.deleteVersion(table, version);
    else await tx.predictions.putVersion({ ...found, state: 'retired', updateTime: tx.now });
  });
