import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import { tooManyPartitions } from '../errors.ts';
import { PARTITIONS_MAX, planPartitions } from '../plan-partitions.ts';
import type { ScoringJob } from '../scoring-job.ts';
import type { Call } from '../unit-of-work.ts';
import { changeJob } from './change-job.ts';
import { columnsNamed } from './plan-job.ts';
import { repeatCall } from './repeat-call.ts';

/** JOINING: has the feature store make the scoring set of this job, and writes the plan of its partitions down, once. */
export async function joinRows(
  call: Call,
  job: ScoringJob,
  deps: BatchDependencies,
  handle: WorkHandle,
): Promise<ScoringJob> {
  const { plan, model } = job;
  const outgoing = { workspace: call.caller.workspace, signal: handle.signal };
  const request = {
    consumer: plan.consumer,
    source: plan.source,
    features: model.storeFeatures,
    from: plan.from === undefined ? undefined : BigInt(plan.from),
    until: plan.until === undefined ? undefined : BigInt(plan.until),
    requestId: `batch-set-${job.id}`,
  };
  const set = await repeatCall(deps.clock, handle.signal, () => deps.features.createScoringSet(request, outgoing));
  deps.atStep('joined');
  const { files, id: scoringSet, ...pinned } = set;
  const rows = { scoringSet, ...pinned };
  if (set.rows === 0) {
    return changeJob(call, job, deps, (now, tx) => ({
      ...now,
      state: 'done',
      phase: 'published',
      rows,
      endTime: tx.now,
    }));
  }
  columnsNamed([...model.columns, ...plan.passthrough], set.columns);
  const partitions = planPartitions(files, plan.partitionRows);
  if (partitions.length > PARTITIONS_MAX) throw tooManyPartitions(partitions.length, PARTITIONS_MAX);
  const planned = await changeJob(call, job, deps, async (now, tx) => {
    await tx.partitions.insert(job.id, partitions);
    return { ...now, state: 'scoring', phase: 'scoring', rows, partitions: partitions.length };
  });
  deps.atStep('planned');
  return planned;
}
