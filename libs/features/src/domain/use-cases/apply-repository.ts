import { breakingChange } from '../errors.ts';
import type { FeatureDependencies } from '../dependencies.ts';
import { breakingChanges } from '../repository/breaking-changes.ts';
import { diffRepository, type RepositoryChange } from '../repository/diff-repository.ts';
import { EMPTY_REPOSITORY, type FeatureRepository, type RepositoryFile } from '../repository/feature-repository.ts';
import { digestOfFiles, parseRepository } from '../repository/parse-repository.ts';
import type { AppliedRepository, Call, FeatureTransaction, RepositoryRevision } from '../unit-of-work.ts';

const METHOD = 'features.ApplyRepository';

export interface ApplyRepository {
  readonly files: readonly RepositoryFile[];
  readonly dryRun: boolean;
  readonly requestId: string;
}

export interface RepositoryApplication {
  /** The one in force afterwards; with `dryRun` the one that would be. */
  readonly revision: RepositoryRevision;
  readonly changes: readonly RepositoryChange[];
}

/**
 * Makes a repository the one in force. Files equal to those in force change nothing and make no revision.
 * @throws {InvalidArgumentError} reason REPOSITORY_INVALID. @throws {FailedPreconditionError} reason REPOSITORY_BREAKING_CHANGE.
 */
export async function applyRepository(
  call: Call,
  { files, dryRun, requestId }: ApplyRepository,
  deps: FeatureDependencies,
): Promise<RepositoryApplication> {
  const repository = parseRepository(files);
  const sorted = [...files].sort((left, right) => (left.path < right.path ? -1 : 1));
  const digest = digestOfFiles(sorted);
  const applied = await deps.unitOfWork.run(call, (tx) =>
    tx.once(METHOD, dryRun ? '' : requestId, { digest }, () =>
      apply(tx, call, { repository, files: sorted, digest, dryRun }),
    ),
  );
  if (!dryRun) await deps.repositories.refresh(call.caller.workspace);
  return applied;
}

interface Wanted {
  readonly repository: FeatureRepository;
  readonly files: readonly RepositoryFile[];
  readonly digest: string;
  readonly dryRun: boolean;
}

async function apply(
  tx: FeatureTransaction,
  { caller }: Call,
  { repository, files, digest, dryRun }: Wanted,
): Promise<RepositoryApplication> {
  await tx.lock();
  const current = await tx.repositories.get(await tx.repositories.currentRevision());
  if (current?.revision.digest === digest) return { revision: current.revision, changes: [] };
  const before = current?.repository ?? EMPTY_REPOSITORY;
  const problems = breakingChanges(before, repository, await tx.sources.all());
  if (problems.length > 0) throw breakingChange(problems);
  const changes = diffRepository(before, repository);
  const { principal } = caller;
  const revision = { revision: (current?.revision.revision ?? 0n) + 1n, digest, principal, createTime: tx.now };
  if (!dryRun) await commit(tx, { revision, files, repository }, changes);
  return { revision, changes };
}

async function commit(
  tx: FeatureTransaction,
  applied: AppliedRepository,
  changes: readonly RepositoryChange[],
): Promise<void> {
  const { revision, digest, principal } = applied.revision;
  await tx.repositories.insert(applied);
  const names = changes.map(({ kind, name }) => `${kind}/${name}`);
  tx.events.add({ kind: 'repository-applied', revision, digest, changes: names, principal });
  const details = { digest, changes: changes.length.toString() };
  tx.audit.add({ action: 'features.repository.apply', resource: `repository/${revision}`, details });
}
