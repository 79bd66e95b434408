import type { FeatureDependencies, WorkHandle } from './dependencies.ts';
import { uploadExpired } from './errors.ts';
import type { LocalFile } from './files.ts';
import type { Call, FeatureTransaction } from './unit-of-work.ts';

/**
 * Stores a file that long work has made and commits what names it. The file is claimed first, and the claim is held while the commit is made, so the
 * sweeper never takes a file that is about to be named.
 * @throws {ConflictError} reason UPLOAD_EXPIRED when storing took too long. And whatever `commit` throws.
 */
export async function keepResult<Result>(
  call: Call,
  path: string,
  { files, unitOfWork, limits, atStep }: FeatureDependencies,
  { signal }: Pick<WorkHandle, 'signal'>,
  commit: (tx: FeatureTransaction, file: LocalFile) => Promise<Result>,
): Promise<Result> {
  const file = await files.describe(path, signal);
  atStep('joined');
  const claimTime = await unitOfWork.run(call, async (tx) => {
    await tx.blobs.claim([file.sha256]);
    return tx.now;
  });
  await files.store(call.caller.workspace, file, signal);
  atStep('stored');
  return unitOfWork.run(call, async (tx) => {
    const expired = tx.now - claimTime > BigInt(Math.floor(limits.unusedBlobMs / 2)) * 1000n;
    if (expired || !(await tx.blobs.hold([file.sha256]))) throw uploadExpired();
    return commit(tx, file);
  });
}
