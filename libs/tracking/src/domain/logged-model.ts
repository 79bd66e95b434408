import { InvalidArgumentError, type Caller } from '@slipway/kernel';
import { loggedModelParamChanged } from './errors.ts';
import { belowLocation } from './experiment-location.ts';
import type { Experiment, Tags } from './experiment.ts';
import { entryViolations, refuseAny } from './keys.ts';
import { isLongerThan, LOGGED_MODEL_NAME_CHARS_MAX, PARAM_VALUE_CHARS_MAX, RUN_TAG_CHARS_MAX } from './limits.ts';
import type { MetricPoint, PointSubject } from './metric.ts';
import type { Millis } from './millis.ts';

export type LoggedModelStatus = 'PENDING' | 'READY' | 'UPLOAD_FAILED';

/** A model that a run made, before anybody has registered it. */
export interface LoggedModel {
  /** `m-` and 32 lower-case hex digits when it was made here. */
  readonly modelId: string;
  readonly experimentId: bigint;
  readonly name: string;
  readonly status: LoggedModelStatus;
  /** E.g. `agent`; may be empty. */
  readonly modelType: string;
  /** Empty when no run made it. */
  readonly sourceRunId: string;
  readonly artifactUri: string;
  readonly creationTime: Millis;
  readonly lastUpdateTime: Millis;
  readonly principal: string;
  /** When it was marked as deleted. */
  readonly deletedTime: Millis | undefined;
}

/** A logged model with everything that was logged to it. */
export interface LoggedModelView {
  readonly model: LoggedModel;
  readonly params: Tags;
  readonly tags: Tags;
  /** The latest point by key and dataset, in that order. */
  readonly metrics: readonly ModelPoint[];
}

/** A point of a logged model. */
export type ModelPoint = MetricPoint & { readonly about: PointSubject };

/** A logged model that a run has read. */
export interface ModelInput {
  readonly modelId: string;
}

/** A logged model that a run has made. */
export interface ModelOutput extends ModelInput {
  readonly step: bigint;
}

export interface LoggedModelDraft {
  readonly name: string;
  readonly modelType: string;
  readonly sourceRunId: string;
  readonly params: Tags;
  readonly tags: Tags;
}

const NAME_SIGNS = /[/:.%"']/;

/** @throws {InvalidArgumentError} on a bad name, parameter or tag. */
export function assertLoggedModel({ name, params, tags }: LoggedModelDraft): void {
  if (isLongerThan(name, LOGGED_MODEL_NAME_CHARS_MAX)) {
    const words = `'name' exceeds the maximum length of ${LOGGED_MODEL_NAME_CHARS_MAX} characters`;
    throw InvalidArgumentError.of('name', words, { reason: 'ENTRY_INVALID' });
  }
  if (NAME_SIGNS.test(name) || /\p{Cc}/u.test(name)) {
    const words = `Invalid model name '${name.slice(0, 80)}': use a name without / : . % " ' and control characters`;
    throw InvalidArgumentError.of('name', words, { reason: 'ENTRY_INVALID' });
  }
  refuseAny([
    ...entryViolations('param', params, 'params', PARAM_VALUE_CHARS_MAX),
    ...entryViolations('tag', tags, 'tags', RUN_TAG_CHARS_MAX),
  ]);
}

/** @param name of the model; made when the draft has none. */
export const newLoggedModel = (
  modelId: string,
  name: string,
  { modelType, sourceRunId }: LoggedModelDraft,
  { id, artifactLocation }: Experiment,
  caller: Caller,
  now: Millis,
): LoggedModel => ({
  modelId,
  experimentId: id,
  name,
  status: 'PENDING',
  modelType,
  sourceRunId,
  artifactUri: belowLocation(artifactLocation, 'models', modelId, 'artifacts'),
  creationTime: now,
  lastUpdateTime: now,
  principal: caller.principal,
  deletedTime: undefined,
});

export interface LoggedModelEdit {
  /** Undefined leaves it. */
  readonly status: LoggedModelStatus | undefined;
  readonly setTags: Tags;
  readonly addParams: Tags;
}

/** @throws {InvalidArgumentError} on a bad parameter or tag. */
export function assertLoggedModelEdit({ setTags, addParams }: LoggedModelEdit): void {
  refuseAny([
    ...entryViolations('param', addParams, 'add_params', PARAM_VALUE_CHARS_MAX),
    ...entryViolations('tag', setTags, 'set_tags', RUN_TAG_CHARS_MAX),
  ]);
}

/** @param stored what the model has under the keys of `params`. @throws {InvalidArgumentError} reason PARAM_CHANGED. */
export function assertSameParams(modelId: string, params: Tags, stored: Tags): void {
  for (const [key, value] of Object.entries(params)) {
    const known = stored[key];
    if (known !== undefined && known !== value) throw loggedModelParamChanged(modelId, key, known);
  }
}
