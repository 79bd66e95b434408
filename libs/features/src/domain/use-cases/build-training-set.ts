import { InvalidArgumentError } from '@slipway/kernel';
import type { JoinedView, PointInTimeResult } from '@slipway/plugin-kit';
import type { FeatureDependencies, WorkHandle } from '../dependencies.ts';
import { fileInvalid } from '../errors.ts';
import { readSnapshot, toJoinedViews } from '../feature-join.ts';
import type { LocalFile } from '../files.ts';
import { keepResult } from '../keep-result.ts';
import type { TrainingSet, TrainingSetPlan } from '../training-set.ts';
import type { Call, FeatureTransaction } from '../unit-of-work.ts';

/**
 * Joins the entity rows of a plan to their features and keeps the result. Equal content makes the same training set, and who comes second gets
 * the first one; so the work can be done again from the start as often as it breaks off.
 */
export async function buildTrainingSet(
  call: Call,
  plan: TrainingSetPlan,
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<TrainingSet> {
  const { files } = deps;
  const snapshot = await readSnapshot(call, plan, deps);
  const segments = [...snapshot.segments.values()].flat();
  const opened = await files.open(
    call.caller.workspace,
    [plan.entities, ...segments.map(({ file }) => file)],
    handle.signal,
  );
  const output = files.newPath('parquet');
  try {
    const [entities = '', ...paths] = opened.paths;
    const pathOf = new Map(segments.map(({ file }, index) => [file.sha256, paths[index] ?? '']));
    const result = await join(plan, { entities, output, views: toJoinedViews(plan, snapshot, pathOf) }, deps, handle);
    return await keepResult(call, output, deps, handle, (tx, file) =>
      commit(tx, toTrainingSet(call, plan, result, file, tx.now)),
    );
  } finally {
    opened.release();
    await files.discard(output);
  }
}

function join(
  plan: TrainingSetPlan,
  { entities, output, views }: { entities: string; output: string; views: readonly JoinedView[] },
  { offline }: FeatureDependencies,
  handle: WorkHandle,
): Promise<PointInTimeResult> {
  const { entityColumns, eventTimeColumn: eventTime, format } = plan;
  const onProgress = ({ done, total }: { done: number; total: number }): void => handle.progress(done, total);
  const job = { entities: { file: entities, format }, entityColumns, eventTime, views, outputFile: output, onProgress };
  return offline.joinPointInTime(job, handle.signal).catch((error: unknown) => {
    throw error instanceof InvalidArgumentError ? fileInvalid(error, entities) : error;
  });
}

function toTrainingSet(
  { caller }: Call,
  plan: TrainingSetPlan,
  { contentSha256, columns, rows, nulls }: PointInTimeResult,
  { sha256, bytes }: LocalFile,
  createTime: bigint,
): TrainingSet {
  const { name, features, createdCutoff, arrivals } = plan;
  const repositoryRevision = BigInt(plan.repositoryRevision);
  const { principal } = caller;
  const files = [{ sha256, bytes, rows }];
  const content = { id: contentSha256, name, features, columns, rows: BigInt(rows), files, nulls };
  return { ...content, createdCutoff, repositoryRevision, arrivals, principal, createTime };
}

async function commit(tx: FeatureTransaction, trainingSet: TrainingSet): Promise<TrainingSet> {
  await tx.lock();
  const former = await tx.trainingSets.get(trainingSet.id);
  if (former) return former;
  const { id, name, rows, features, principal } = trainingSet;
  await tx.trainingSets.insert(trainingSet);
  tx.events.add({ kind: 'training-set-created', trainingSetId: id, name, rows, features, principal });
  tx.audit.add({
    action: 'features.training-sets.create',
    resource: `training-sets/${id}`,
    details: { name, rows: rows.toString() },
  });
  return trainingSet;
}
