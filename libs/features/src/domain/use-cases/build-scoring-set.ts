import type { PointInTimeResult } from '@slipway/plugin-kit';
import type { FeatureDependencies, WorkHandle } from '../dependencies.ts';
import { sourceNotFound } from '../errors.ts';
import { readSnapshot, toJoinedViews, type FeatureSnapshot } from '../feature-join.ts';
import type { Segment } from '../ingestion.ts';
import { keepResult } from '../keep-result.ts';
import { ARRIVAL_COLUMN, type ScoringSet, type ScoringSetPlan } from '../scoring/scoring-set.ts';
import type { Call, FeatureTransaction } from '../unit-of-work.ts';

/**
 * Joins the rows of a plan to their features and keeps the result under the id of the work. The plan fixes every row that is seen, so work that
 * breaks off is done again from the start with the same result, and whoever comes second gets the first one.
 */
export async function buildScoringSet(
  call: Call,
  plan: ScoringSetPlan,
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<ScoringSet> {
  const { files, unitOfWork } = deps;
  const former = await unitOfWork.read(call.caller, ({ scoringSets }) => scoringSets.get(handle.id));
  if (former) return former;
  const snapshot = await readSnapshot(call, plan, deps);
  const spine = await readSpine(call, plan, deps);
  const segments = [...spine, ...[...snapshot.segments.values()].flat()];
  const opened = await files.open(
    call.caller.workspace,
    segments.map(({ file }) => file),
    handle.signal,
  );
  const [rows, output] = [files.newPath('parquet'), files.newPath('parquet')];
  try {
    const pathOf = new Map(segments.map(({ file }, index) => [file.sha256, opened.paths[index] ?? '']));
    const joined = await join(plan, { snapshot, spine, pathOf, rows, output }, deps, handle);
    const set = toScoringSet(call, plan, joined, handle.id);
    if (set.rows === 0n) return await unitOfWork.run(call, (tx) => commit(tx, { ...set, createTime: tx.now }));
    return await keepResult(call, output, deps, handle, (tx, { sha256, bytes }) =>
      commit(tx, { ...set, files: [{ sha256, bytes, rows: joined.rows }], createTime: tx.now }),
    );
  } finally {
    opened.release();
    await files.discard(rows, output);
  }
}

/** Segments with rows of the plan's range. */
async function readSpine(
  { caller }: Call,
  { source, fromExclusive, upToInclusive }: ScoringSetPlan,
  { unitOfWork }: FeatureDependencies,
): Promise<readonly Segment[]> {
  const from = BigInt(fromExclusive);
  if (BigInt(upToInclusive) <= from) return [];
  const all = await unitOfWork.read(caller, ({ ingestions }) => ingestions.segments(source, BigInt(upToInclusive)));
  return all.filter(({ firstArrival, rows }) => firstArrival + rows - 1n > from);
}

interface Places {
  readonly snapshot: FeatureSnapshot;
  readonly spine: readonly Segment[];
  readonly pathOf: ReadonlyMap<string, string>;
  /** Files to write: the rows as they arrived, and with their features. */
  readonly rows: string;
  readonly output: string;
}

interface JoinedRows extends PointInTimeResult {
  readonly lastArrival: bigint;
}

async function join(
  plan: ScoringSetPlan,
  { snapshot, spine, pathOf, rows, output }: Places,
  { offline }: FeatureDependencies,
  handle: WorkHandle,
): Promise<JoinedRows> {
  const source = snapshot.repository.sources.get(plan.source);
  if (!source) throw sourceNotFound(plan.source, '');
  const columns = source.contract.columns.map(({ name, type }) => ({ name, type }));
  const selection = {
    files: spine.map(({ file }) => pathOf.get(file.sha256) ?? ''),
    columns,
    arrivalColumn: ARRIVAL_COLUMN,
    after: BigInt(plan.fromExclusive),
    upTo: BigInt(plan.upToInclusive),
    outputFile: rows,
    ...(plan.until === '' ? {} : { until: BigInt(plan.until) }),
    ...(plan.from === '' ? {} : { from: BigInt(plan.from) }),
    ...(plan.before === '' ? {} : { before: BigInt(plan.before) }),
  };
  const { lastArrival } = await offline.selectArrivals(selection, handle.signal);
  const job = {
    entities: { file: rows, format: 'parquet' as const },
    entityColumns: [...columns, { name: ARRIVAL_COLUMN, type: 'integer' as const }],
    eventTime: source.eventTime,
    views: toJoinedViews(plan, snapshot, pathOf),
    outputFile: output,
    onProgress: ({ done, total }: { done: number; total: number }): void => handle.progress(done, total),
  };
  return { ...(await offline.joinPointInTime(job, handle.signal)), lastArrival };
}

function toScoringSet(
  { caller }: Call,
  plan: ScoringSetPlan,
  { rows, columns, contentSha256, lastArrival }: JoinedRows,
  id: string,
): Omit<ScoringSet, 'createTime'> {
  const { consumer, source, features } = plan;
  return {
    id,
    consumer,
    source,
    fromExclusive: BigInt(plan.fromExclusive),
    toInclusive: lastArrival,
    features,
    columns,
    rows: BigInt(rows),
    files: [],
    contentSha256,
    repositoryRevision: BigInt(plan.repositoryRevision),
    principal: caller.principal,
    commit: undefined,
  };
}

async function commit(tx: FeatureTransaction, set: ScoringSet): Promise<ScoringSet> {
  await tx.lock();
  const former = await tx.scoringSets.get(set.id);
  if (former) return former;
  await tx.scoringSets.insert(set);
  const { id, consumer, source, rows } = set;
  const details = { consumer, source, rows: rows.toString(), to_inclusive: set.toInclusive.toString() };
  tx.audit.add({ action: 'features.scoring-sets.create', resource: `scoring-sets/${id}`, details });
  return set;
}
