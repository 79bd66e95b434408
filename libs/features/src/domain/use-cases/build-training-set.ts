import { InvalidArgumentError } from '@slipway/kernel';
import type { JoinedView, PointInTimeResult } from '@slipway/plugin-kit';
import type { FeatureDependencies, WorkHandle } from '../dependencies.ts';
import { fileInvalid, repositoryNotFound, uploadExpired } from '../errors.ts';
import { selectFeatures, type SelectedFeature } from '../feature-selection.ts';
import type { LocalFile } from '../files.ts';
import type { Segment } from '../ingestion.ts';
import { indexRepository } from '../repository-cache.ts';
import type { TrainingSet, TrainingSetPlan } from '../training-set.ts';
import type { Call, FeatureTransaction } from '../unit-of-work.ts';
import { toViewTable } from '../view-table.ts';
import { keyColumn, outputName } from './plan-training-set.ts';

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
  const { files, limits } = deps;
  const sources = await readSnapshot(call, plan, deps);
  const segments = [...sources.segments.values()].flat();
  const opened = await files.open(
    call.caller.workspace,
    [plan.entities, ...segments.map(({ file }) => file)],
    handle.signal,
  );
  const output = files.newPath('parquet');
  try {
    const [entities = '', ...paths] = opened.paths;
    const pathOf = new Map(segments.map(({ file }, index) => [file.sha256, paths[index] ?? '']));
    const result = await join(plan, { entities, output, views: toViews(plan, sources, pathOf) }, deps, handle);
    const file = await files.describe(output, handle.signal);
    deps.atStep('joined');
    const claimTime = await deps.unitOfWork.run(call, async (tx) => {
      await tx.blobs.claim([file.sha256]);
      return tx.now;
    });
    await files.store(call.caller.workspace, file, handle.signal);
    deps.atStep('stored');
    return await deps.unitOfWork.run(call, async (tx) => {
      const expired = tx.now - claimTime > BigInt(Math.floor(limits.unusedBlobMs / 2)) * 1000n;
      if (expired || !(await tx.blobs.hold([file.sha256]))) throw uploadExpired();
      return commit(tx, toTrainingSet(call, plan, result, file, tx.now));
    });
  } finally {
    opened.release();
    await files.discard(output);
  }
}

interface Snapshot {
  readonly selected: readonly SelectedFeature[];
  /** By source. */
  readonly segments: ReadonlyMap<string, readonly Segment[]>;
}

async function readSnapshot(
  { caller }: Call,
  plan: TrainingSetPlan,
  { unitOfWork }: FeatureDependencies,
): Promise<Snapshot> {
  return unitOfWork.read(caller, async ({ repositories, ingestions }) => {
    const revision = BigInt(plan.repositoryRevision);
    const applied = await repositories.get(revision);
    if (!applied) throw repositoryNotFound(revision);
    const request = { features: plan.features, featureService: '' };
    const selected = selectFeatures(request, indexRepository(revision, applied.repository));
    const segments = new Map<string, readonly Segment[]>();
    for (const [source, arrival] of Object.entries(plan.arrivals)) {
      segments.set(source, await ingestions.segments(source, BigInt(arrival)));
    }
    return { selected, segments };
  });
}

/** Features of one view that follow each other are one join; a view that comes again is joined again, so that columns keep their order. */
function toViews(
  plan: TrainingSetPlan,
  { selected, segments }: Snapshot,
  pathOf: ReadonlyMap<string, string>,
): readonly JoinedView[] {
  const runs: SelectedFeature[][] = [];
  for (const one of selected) {
    const last = runs.at(-1);
    if (last?.[0]?.view === one.view) last.push(one);
    else runs.push([one]);
  }
  return runs.flatMap((run) => {
    const view = run[0]?.view;
    if (!view) return [];
    const parts = segments.get(view.source) ?? [];
    const paths = parts.map(({ file }) => pathOf.get(file.sha256) ?? '');
    return {
      view: toViewTable(
        view,
        parts,
        paths,
        run.map(({ feature }) => feature),
      ),
      entityColumns: view.joinKeys.map(({ name }) => keyColumn(plan.keyColumns, name)),
      features: run.map((one) => ({ feature: one.feature.name, output: outputName(one, plan.fullFeatureNames) })),
      ttlMicros: BigInt(view.ttlMicros),
      createdCutoff: plan.createdCutoff,
    };
  });
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
