import { InvalidArgumentError } from '@slipway/kernel';
import type { TrackingDependencies } from '../dependencies.ts';
import type { Tags } from '../experiment.ts';
import { entryViolations, refuseAny } from '../keys.ts';
import { isLongerThan, RUN_TAG_CHARS_MAX, USER_ID_CHARS_MAX } from '../limits.ts';
import { holdActiveExperiment, runResource } from '../lookup.ts';
import { toMillis, type Millis } from '../millis.ts';
import { makeRunId, makeRunName } from '../run-names.ts';
import { artifactUriOf, givenRunName, RUN_NAME_TAG, type Run, type RunView } from '../run.ts';
import type { Call } from '../unit-of-work.ts';

export interface CreateRun {
  readonly experimentId: bigint;
  /** Empty: the tag `mlflow.runName`, or one is made. */
  readonly name: string;
  readonly userId: string;
  /** Undefined is now. */
  readonly startTime: Millis | undefined;
  readonly tags: Tags;
  readonly requestId: string;
}

function assertDraft({ userId, tags, name }: CreateRun): void {
  if (isLongerThan(userId, USER_ID_CHARS_MAX)) {
    throw InvalidArgumentError.of('user_id', `'user_id' exceeds the maximum length of ${USER_ID_CHARS_MAX} characters`);
  }
  refuseAny(entryViolations('tag', { ...tags, [RUN_NAME_TAG]: name }, 'tags', RUN_TAG_CHARS_MAX));
}

/** @throws {NotFoundError} reason EXPERIMENT_NOT_FOUND. @throws {FailedPreconditionError} reason EXPERIMENT_NOT_ACTIVE. */
export async function createRun(
  call: Call,
  draft: CreateRun,
  { unitOfWork, workspaces, random }: TrackingDependencies,
): Promise<RunView> {
  const given = givenRunName(draft.name, draft.tags);
  assertDraft({ ...draft, name: given });
  await workspaces.ensure(call);
  const { requestId, ...request } = draft;
  return unitOfWork.run(call, (tx) =>
    tx.once('tracking.CreateRun', requestId, request, async () => {
      const { artifactLocation } = await holdActiveExperiment(tx, draft.experimentId);
      const runId = makeRunId(random);
      const run: Run = {
        runId,
        name: given === '' ? makeRunName(random) : given,
        experimentId: draft.experimentId,
        status: 'RUNNING',
        startTime: draft.startTime ?? toMillis(tx.now),
        endTime: undefined,
        deleted: false,
        principal: call.caller.principal,
        userId: draft.userId,
        artifactUri: artifactUriOf(artifactLocation, runId),
        deletedTime: undefined,
      };
      const tags = { ...draft.tags, [RUN_NAME_TAG]: run.name };
      await tx.runs.insert(run);
      await tx.tags.put(run.runId, tags);
      tx.audit.add({ action: 'tracking.runs.create', resource: runResource(run), details: { name: run.name } });
      return { run, params: {}, tags, metrics: [], datasets: [], modelInputs: [], modelOutputs: [] };
    }),
  );
}
