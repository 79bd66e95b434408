import { assertInputs, type DatasetInput } from '../dataset.ts';
import type { TrackingDependencies } from '../dependencies.ts';
import { holdActiveRun, runResource } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

export interface LogInputs {
  readonly runId: string;
  readonly inputs: readonly DatasetInput[];
}

/** Adds datasets that a run has read. @throws {NotFoundError} reason RUN_NOT_FOUND. @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. */
export async function logInputs(
  call: Call,
  { runId, inputs }: LogInputs,
  { unitOfWork }: TrackingDependencies,
): Promise<void> {
  assertInputs(inputs);
  await unitOfWork.run(call, async (tx) => {
    const run = await holdActiveRun(tx, runId);
    await tx.inputs.add(run, inputs);
    const datasets = inputs.map(({ dataset }) => `${dataset.name}@${dataset.digest}`).join(', ');
    const details = { datasets: datasets.slice(0, 8_192) };
    tx.audit.add({ action: 'tracking.runs.log-inputs', resource: runResource(run), details });
  });
}
