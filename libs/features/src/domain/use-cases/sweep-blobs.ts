import type { Clock } from '@slipway/kernel';
import type { FeatureFiles } from '../files.ts';
import type { FeatureLimits } from '../limits.ts';
import type { BlobLedger, BlobRef } from '../unit-of-work.ts';

/** Files looked at in one round; the rest waits for the next one. */
export const SWEEP_BATCH_MAX = 100;

export interface SweepDependencies {
  readonly ledger: BlobLedger;
  readonly files: Pick<FeatureFiles, 'delete'>;
  readonly clock: Clock;
  readonly limits: Pick<FeatureLimits, 'unusedBlobMs'>;
}

export interface SweepResult {
  readonly removed: number;
  /** Stay where they are and are found again by a later round. */
  readonly failed: readonly { readonly blob: BlobRef; readonly error: unknown }[];
}

/** Removes stored files that nothing names and that nobody has claimed for a while; the oldest `SWEEP_BATCH_MAX` of them. */
export async function sweepBlobs(
  { ledger, files, clock, limits }: SweepDependencies,
  signal: AbortSignal,
): Promise<SweepResult> {
  const before = clock.now() - BigInt(limits.unusedBlobMs) * 1000n;
  const failed: { blob: BlobRef; error: unknown }[] = [];
  let removed = 0;
  for (const blob of await ledger.unused(before, SWEEP_BATCH_MAX)) {
    signal.throwIfAborted();
    try {
      const gone = await ledger.drop(blob, before, () => files.delete(blob.workspace, blob.sha256, signal));
      if (gone) removed += 1;
    } catch (error) {
      failed.push({ blob, error }); // one file that cannot be removed must not keep the others
    }
  }
  return { removed, failed };
}
