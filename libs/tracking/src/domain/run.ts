import { InvalidArgumentError } from '@slipway/kernel';
import type { DatasetInput } from './dataset.ts';
import { runNameMismatch, runNotActive } from './errors.ts';
import type { Tags } from './experiment.ts';
import type { ModelInput, ModelOutput } from './logged-model.ts';
import type { RunFinished } from './facts.ts';
import { belowLocation } from './experiment-location.ts';
import { isLongerThan, RUN_TAG_CHARS_MAX } from './limits.ts';
import type { MetricPoint } from './metric.ts';
import type { Millis } from './millis.ts';
import { isFinal, type RunStatus } from './run-status.ts';

/** One try. */
export interface Run {
  readonly runId: string;
  readonly name: string;
  readonly experimentId: bigint;
  readonly status: RunStatus;
  readonly startTime: Millis;
  /** Undefined until it has ended. */
  readonly endTime: Millis | undefined;
  readonly deleted: boolean;
  readonly principal: string;
  /** What the client says who runs it. */
  readonly userId: string;
  /** Where its files are, for people and clients; never changes. */
  readonly artifactUri: string;
  /** When it was marked as deleted. */
  readonly deletedTime: Millis | undefined;
}

/** A run with everything that was logged to it. */
export interface RunView {
  readonly run: Run;
  readonly params: Tags;
  readonly tags: Tags;
  /** The latest point of each metric, by key. */
  readonly metrics: readonly MetricPoint[];
  /** By name and digest. */
  readonly datasets: readonly DatasetInput[];
  /** Logged models that it has read, by id. */
  readonly modelInputs: readonly ModelInput[];
  /** Logged models that it has made, by id. */
  readonly modelOutputs: readonly ModelOutput[];
}

/** Holds the name of the run; changing one changes the other. */
export const RUN_NAME_TAG = 'mlflow.runName';

/** @returns the name that argument and tag agree on, '' when neither names one. @throws {InvalidArgumentError} when they differ. */
export function givenRunName(name: string, tags: Tags): string {
  const tag = tags[RUN_NAME_TAG] ?? '';
  if (name !== '' && tag !== '' && name !== tag) throw runNameMismatch(name, tag);
  return name === '' ? tag : name;
}

/** @throws {FailedPreconditionError} reason RUN_NOT_ACTIVE. */
export function assertActive({ deleted, runId }: Run): void {
  if (deleted) throw runNotActive(runId);
}

export interface RunEdit {
  /** Undefined or empty leaves it. */
  readonly name: string | undefined;
  readonly status: RunStatus | undefined;
  readonly endTime: Millis | undefined;
}

/**
 * The run after an edit. A final status has an end time: the one that is given, or `now`; another status has none.
 * @throws {FailedPreconditionError} when the run is deleted. @throws {InvalidArgumentError} on a long name.
 */
export function editRun(current: Run, edit: RunEdit, now: Millis): Run {
  assertActive(current);
  const name = edit.name === undefined || edit.name === '' ? current.name : edit.name;
  if (isLongerThan(name, RUN_TAG_CHARS_MAX)) {
    throw InvalidArgumentError.of(
      'run_name',
      `'run_name' exceeds the maximum length of ${RUN_TAG_CHARS_MAX} characters`,
    );
  }
  const status = edit.status ?? current.status;
  const ended = isFinal(status) ? (edit.endTime ?? current.endTime ?? now) : undefined;
  // a client that gives a time without a status means what it says
  const endTime = edit.status === undefined ? (edit.endTime ?? current.endTime) : ended;
  return { ...current, name, status, endTime };
}

/** The fact that a run has ended, when this step ended it. */
export function finishedFact(
  before: Run,
  after: Run,
  principal: string,
  datasets: readonly DatasetInput[],
  now: Millis,
): RunFinished | undefined {
  if (isFinal(before.status) || !isFinal(after.status)) return undefined;
  return {
    kind: 'run-finished',
    runId: after.runId,
    experimentId: after.experimentId,
    runName: after.name,
    status: after.status,
    startTime: after.startTime,
    endTime: after.endTime ?? now,
    principal,
    datasetDigests: [...new Set(datasets.map(({ dataset }) => dataset.digest))],
  };
}

/** @param location of the experiment. */
export const artifactUriOf = (location: string, runId: string): string => belowLocation(location, runId, 'artifacts');
