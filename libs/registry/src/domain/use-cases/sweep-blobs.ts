import type { Clock } from '@slipway/kernel';
import type { RegistryLimits } from '../limits.ts';
import type { BlobLedger, PackageStore } from '../package-store.ts';

/** Files looked at in one round; the rest waits for the next one. */
export const SWEEP_BATCH_MAX = 100;

export interface SweepDependencies {
  readonly ledger: BlobLedger;
  readonly packages: PackageStore;
  readonly clock: Clock;
  readonly limits: Pick<RegistryLimits, 'unusedBlobMs'>;
}

/** Removes stored files that no version names and that nobody has claimed for a while. @returns how many were found and removed. */
export async function sweepBlobs(
  { ledger, packages, clock, limits }: SweepDependencies,
  signal: AbortSignal,
): Promise<{ found: number; removed: number }> {
  const before = clock.now() - BigInt(limits.unusedBlobMs) * 1000n;
  const unused = await ledger.unused(before, SWEEP_BATCH_MAX);
  let removed = 0;
  for (const blob of unused) {
    signal.throwIfAborted();
    const gone = await ledger.drop(blob, before, () => packages.delete(blob.workspace, blob.sha256, signal));
    if (gone) removed += 1;
  }
  return { found: unused.length, removed };
}
