import {
  AlreadyExistsError,
  DataLossError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
} from '@slipway/kernel';

/**
 * Every refusal of tracking that has a word of its own (`ErrorInfo.reason`), with the status it travels as. Texts are those that clients of MLflow
 * look for; the REST interface turns reasons into its error codes.
 *
 * | reason | status | when |
 * |---|---|---|
 * | EXPERIMENT_NOT_FOUND | NOT_FOUND | no such experiment in the caller's workspace, or not in the state that the call needs |
 * | EXPERIMENT_ALREADY_EXISTS | ALREADY_EXISTS | the name is taken, also by a deleted one |
 * | EXPERIMENT_NOT_ACTIVE | FAILED_PRECONDITION | a deleted experiment takes no change and no run |
 * | RUN_NOT_FOUND | NOT_FOUND | no such run in the caller's workspace |
 * | RUN_NOT_ACTIVE | FAILED_PRECONDITION | a deleted run takes no change |
 * | TAG_NOT_FOUND | NOT_FOUND | the run, experiment or logged model has no tag of that key |
 * | LOGGED_MODEL_NOT_FOUND | NOT_FOUND | no such logged model in the caller's workspace, or it is deleted |
 * | NOT_DELETED | FAILED_PRECONDITION | only what is deleted can be removed for ever |
 * | ARTIFACT_LOCATION_INVALID | INVALID_ARGUMENT | an experiment's artifacts cannot begin there |
 * | KEY_INVALID, ENTRY_INVALID | INVALID_ARGUMENT | a key or a value breaks the rules of names and lengths |
 * | RUN_NAME_MISMATCH | INVALID_ARGUMENT | `run_name` and the tag `mlflow.runName` differ |
 * | PARAM_CHANGED | INVALID_ARGUMENT | the parameter has another value already |
 * | BATCH_TOO_LARGE | INVALID_ARGUMENT | more entries than one batch may have |
 * | FILTER_INVALID, ORDER_BY_INVALID | INVALID_ARGUMENT | a search that cannot be understood; names the position |
 * | SAMPLE_TOO_LARGE | RESOURCE_EXHAUSTED | points of histories that one answer cannot hold |
 * | STREAM_ORDER | INVALID_ARGUMENT | the messages of a stream do not come in the order of the contract |
 * | UPLOAD_DIGEST_MISMATCH | INVALID_ARGUMENT | the content is not what the header says |
 * | ARTIFACT_NOT_FOUND | NOT_FOUND | the run has no file at that path |
 * | ARTIFACT_TOO_LARGE | RESOURCE_EXHAUSTED | more bytes than this service accepts |
 * | ARTIFACT_LOST | DATA_LOSS | the stored bytes are not what was written |
 * | ARTIFACT_LOCATION_NOT_FOUND | NOT_FOUND | the location is not that of a run or logged model of the caller's workspace |
 * | ARTIFACTS_ELSEWHERE | FAILED_PRECONDITION | the files are at a place that clients open themselves |
 * | ARTIFACT_RANGE_BEYOND_END | INVALID_ARGUMENT | the range begins at or after the end of the file |
 * | ARTIFACT_REPLACED | UNAVAILABLE | the file was replaced while it was read: read it again |
 * | UPLOAD_NOT_FOUND | NOT_FOUND | no such upload in parts in the caller's workspace, or it has expired |
 * | UPLOAD_PARTS_MISMATCH | INVALID_ARGUMENT | the parts that are there are not those that are named |
 * | UPLOADS_BUSY | UNAVAILABLE | too many uploads at once: try again later |
 * | EXPERIMENT_TAGS_MAX | RESOURCE_EXHAUSTED | a bound on what one experiment may hold |
 *
 * From others, passed on as they are: ARTIFACT_PATH_INVALID, REQUEST_ID_REUSED, PAGE_TOKEN_INVALID and PAGE_TOKEN_MISMATCH (INVALID_ARGUMENT),
 * TRANSACTION_CONFLICT (ABORTED), DATABASE_* and TRANSACTION_TIMEOUT (UNAVAILABLE), those of the artifact store and of the platform.
 */
export type TrackingErrorReason =
  | 'EXPERIMENT_NOT_FOUND'
  | 'EXPERIMENT_ALREADY_EXISTS'
  | 'EXPERIMENT_NOT_ACTIVE'
  | 'RUN_NOT_FOUND'
  | 'RUN_NOT_ACTIVE'
  | 'TAG_NOT_FOUND'
  | 'LOGGED_MODEL_NOT_FOUND'
  | 'NOT_DELETED'
  | 'ARTIFACT_LOCATION_INVALID'
  | 'KEY_INVALID'
  | 'ENTRY_INVALID'
  | 'RUN_NAME_MISMATCH'
  | 'PARAM_CHANGED'
  | 'BATCH_TOO_LARGE'
  | 'FILTER_INVALID'
  | 'ORDER_BY_INVALID'
  | 'SAMPLE_TOO_LARGE'
  | 'STREAM_ORDER'
  | 'UPLOAD_DIGEST_MISMATCH'
  | 'ARTIFACT_NOT_FOUND'
  | 'ARTIFACT_TOO_LARGE'
  | 'ARTIFACT_LOST'
  | 'ARTIFACT_LOCATION_NOT_FOUND'
  | 'ARTIFACTS_ELSEWHERE'
  | 'ARTIFACT_RANGE_BEYOND_END'
  | 'ARTIFACT_REPLACED'
  | 'UPLOAD_NOT_FOUND'
  | 'UPLOAD_PARTS_MISMATCH'
  | 'UPLOADS_BUSY'
  | 'EXPERIMENT_TAGS_MAX';

const word = (reason: TrackingErrorReason): TrackingErrorReason => reason;

export const experimentNotFound = (id: string): NotFoundError =>
  new NotFoundError(`No Experiment with id=${id} exists`, {
    reason: word('EXPERIMENT_NOT_FOUND'),
    facts: { experiment: id },
  });

export const experimentNameNotFound = (name: string): NotFoundError =>
  new NotFoundError(`Could not find experiment with name '${name}'`, { reason: word('EXPERIMENT_NOT_FOUND') });

export const experimentAlreadyExists = (name: string): AlreadyExistsError =>
  new AlreadyExistsError(`Experiment(name=${name}) already exists.`, { reason: word('EXPERIMENT_ALREADY_EXISTS') });

const notActive = (what: string): string => `The ${what} must be in the 'active' state. Current state is deleted.`;

export const experimentNotActive = (id: bigint): FailedPreconditionError =>
  new FailedPreconditionError(notActive(`experiment ${id}`), {
    reason: word('EXPERIMENT_NOT_ACTIVE'),
    facts: { experiment: id.toString() },
  });

export const experimentTagsMax = (id: bigint, bound: number): ExhaustedError =>
  new ExhaustedError(`experiment ${id} would have more than ${bound} tags; remove some first`, {
    reason: word('EXPERIMENT_TAGS_MAX'),
  });

export const runNotFound = (runId: string): NotFoundError =>
  new NotFoundError(`Run with id=${runId} not found`, { reason: word('RUN_NOT_FOUND'), facts: { run: runId } });

export const runNotActive = (runId: string): FailedPreconditionError =>
  new FailedPreconditionError(notActive(`run ${runId}`), { reason: word('RUN_NOT_ACTIVE'), facts: { run: runId } });

export const tagNotFound = (runId: string, key: string): NotFoundError =>
  new NotFoundError(`No tag with name: ${key} in run with id ${runId}`, { reason: word('TAG_NOT_FOUND') });

export const experimentTagNotFound = (id: bigint, key: string): NotFoundError =>
  new NotFoundError(`No tag with name: ${key} in experiment with id ${id}`, { reason: word('TAG_NOT_FOUND') });

export const loggedModelNotFound = (modelId: string): NotFoundError =>
  new NotFoundError(`Logged model with ID '${modelId}' not found.`, {
    reason: word('LOGGED_MODEL_NOT_FOUND'),
    facts: { model: modelId },
  });

export const loggedModelTagNotFound = (modelId: string, key: string): NotFoundError =>
  new NotFoundError(`No tag with key '${key}' found for model with ID '${modelId}'.`, {
    reason: word('TAG_NOT_FOUND'),
  });

/** @param what e.g. `run 0af7`. */
export const notDeleted = (what: string): FailedPreconditionError =>
  new FailedPreconditionError(`${what} is not deleted; delete it before it is removed for ever`, {
    reason: word('NOT_DELETED'),
  });

export const runNameMismatch = (name: string, tag: string): InvalidArgumentError =>
  InvalidArgumentError.of(
    'run_name',
    `'run_name' argument and 'mlflow.runName' tag have different values ('${name}' and '${tag}'); give one of them`,
    { reason: word('RUN_NAME_MISMATCH') },
  );

export const loggedModelParamChanged = (modelId: string, key: string, stored: string): InvalidArgumentError =>
  InvalidArgumentError.of(
    `add_params.${key}`,
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${stored}' for model ID='${modelId}'.`,
    { reason: word('PARAM_CHANGED'), facts: { model: modelId, key } },
  );

export const paramChanged = (runId: string, key: string, stored: string, value: string): InvalidArgumentError =>
  InvalidArgumentError.of(
    `params.${key}`,
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${stored}' for run ID='${runId}'. ` +
      `Attempted logging new value '${value}'.`,
    { reason: word('PARAM_CHANGED'), facts: { run: runId, key } },
  );

export const batchTooLarge = (field: string, what: string, count: number, bound: number): InvalidArgumentError =>
  InvalidArgumentError.of(
    field,
    `A batch logging request can contain at most ${bound} ${what}. Got ${count} ${what}.`,
    {
      reason: word('BATCH_TOO_LARGE'),
    },
  );

export const sampleTooLarge = (bound: number): ExhaustedError =>
  new ExhaustedError(`the answer would have more than ${bound} points; ask for fewer runs, keys or points`, {
    reason: word('SAMPLE_TOO_LARGE'),
  });

export const streamOrder = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: word('STREAM_ORDER') });

export const uploadDigestMismatch = (actual: string): InvalidArgumentError =>
  InvalidArgumentError.of('header.sha256', `the content has sha256 ${actual}`, {
    reason: word('UPLOAD_DIGEST_MISMATCH'),
  });

/** @param home e.g. `experiments/1/runs/0af7`. */
export const artifactNotFound = (home: string, path: string): NotFoundError =>
  new NotFoundError(`${home} has no artifact '${path}'`, { reason: word('ARTIFACT_NOT_FOUND') });

export const artifactLocationNotFound = (location: string): NotFoundError =>
  new NotFoundError(`no run or logged model has its artifacts at '${location}'`, {
    reason: word('ARTIFACT_LOCATION_NOT_FOUND'),
  });

export const artifactsElsewhere = (home: string, artifactUri: string): FailedPreconditionError =>
  new FailedPreconditionError(`the artifacts of ${home} are at ${artifactUri}, which clients open themselves`, {
    reason: word('ARTIFACTS_ELSEWHERE'),
  });

export const rangeBeyondEnd = (path: string, offset: bigint, bytes: bigint): InvalidArgumentError =>
  InvalidArgumentError.of('offset', `'${path}' has ${bytes} bytes; ${offset} is not before its end`, {
    reason: word('ARTIFACT_RANGE_BEYOND_END'),
    facts: { bytes: bytes.toString() },
  });

export const artifactReplaced = (path: string): UnavailableError =>
  new UnavailableError(`'${path}' was replaced while it was read; read it again`, {
    reason: word('ARTIFACT_REPLACED'),
  });

export const uploadNotFound = (uploadId: string): NotFoundError =>
  new NotFoundError(`there is no upload ${uploadId}, or its time is over`, { reason: word('UPLOAD_NOT_FOUND') });

export const uploadPartsMismatch = (description: string): InvalidArgumentError =>
  InvalidArgumentError.of('parts', description, { reason: word('UPLOAD_PARTS_MISMATCH') });

export const artifactTooLarge = (path: string, bytesMax: number): ExhaustedError =>
  new ExhaustedError(`'${path}' has more than the ${bytesMax} bytes that one artifact may have`, {
    reason: word('ARTIFACT_TOO_LARGE'),
  });

export const artifactLost = (path: string, cause: unknown): DataLossError =>
  new DataLossError(`the stored bytes of '${path}' are not what was written`, { reason: word('ARTIFACT_LOST'), cause });

export const uploadsBusy = (places: number): UnavailableError =>
  new UnavailableError(`${places} uploads are under way; try again later`, { reason: word('UPLOADS_BUSY') });
