import type { IdSource } from '@slipway/kernel';
import type { PipelineRevision, PipelineSpec } from './pipeline.ts';
import { pendingStep, type PipelineRun, type RunCause } from './run.ts';
import type { PipelineTransaction } from './unit-of-work.ts';

/** What a run begins with. */
export interface NewRun {
  readonly spec: PipelineSpec;
  readonly revision: PipelineRevision;
  readonly parameters: Readonly<Record<string, string>>;
  /** Not empty; the first one makes the run the only one of its kind. */
  readonly causes: readonly RunCause[];
  /** Empty for a run that somebody begins. */
  readonly trigger: string;
  readonly principal: string;
}

/** Writes a run that the next engine that looks will take, with its fact. The pipeline is locked. */
export async function beginRun(tx: PipelineTransaction, ids: IdSource, begun: NewRun): Promise<PipelineRun> {
  const { spec, revision, parameters, causes, trigger, principal } = begun;
  const id = ids.next();
  const run: PipelineRun = {
    id,
    pipeline: spec.name,
    revision: revision.revision,
    trigger,
    state: 'running',
    parameters,
    causes,
    principal,
    createTime: tx.now,
    endTime: undefined,
    cancelRequested: false,
    epoch: 0n,
    change: 1n,
  };
  await tx.runs.insert(run, spec.steps.map(pendingStep), trigger === '' ? id : (causes[0]?.id ?? id));
  tx.events.add({
    runId: id,
    pipeline: spec.name,
    state: 'running',
    step: undefined,
    message: `began by ${causes[0]?.kind ?? ''} ${causes[0]?.name ?? ''}`.trim(),
  });
  return run;
}

/** A cause more for a run that goes on; causes past the bound are not kept. */
export const mergeCauses = (
  known: readonly RunCause[],
  more: readonly RunCause[],
  max: number,
): readonly RunCause[] => {
  const ids = new Set(known.map(({ id }) => id));
  return [...known, ...more.filter(({ id }) => !ids.has(id))].slice(0, max);
};
