import {
  ConflictError,
  DataLossError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
  type FieldViolation,
} from '@slipway/kernel';
import type { PredictionTable } from './predictions/prediction-table.ts';
import type { ScoringSet } from './scoring/scoring-set.ts';

/**
 * Every refusal of the feature store that has a word of its own (`ErrorInfo.reason`), with the status it travels as.
 *
 * | reason | status | when |
 * |---|---|---|
 * | REPOSITORY_INVALID | INVALID_ARGUMENT | files that cannot be read or do not fit together; every problem with file, line and column |
 * | REPOSITORY_BREAKING_CHANGE | FAILED_PRECONDITION | the repository would leave accepted rows unreadable |
 * | REPOSITORY_NOT_FOUND | NOT_FOUND | no such revision, or none was applied yet |
 * | SOURCE_NOT_FOUND, INGESTION_NOT_FOUND, TRAINING_SET_NOT_FOUND, FEATURE_SERVICE_NOT_FOUND, VIEW_NOT_FOUND | NOT_FOUND | nothing of that name in the caller's workspace |
 * | FEATURES_INVALID | INVALID_ARGUMENT | features that do not exist, are named twice, or are not named at all |
 * | FEATURE_NAMES_COLLIDE | INVALID_ARGUMENT | two columns of a training set would have one name |
 * | ENTITY_COLUMNS_INVALID | INVALID_ARGUMENT | entity rows without a key or a time, or with one of another type |
 * | FILE_INVALID | INVALID_ARGUMENT | an uploaded file cannot be read or lacks a column |
 * | JOIN_KEYS_INVALID | INVALID_ARGUMENT | an online read without a key, with a key of another type or with columns of different lengths |
 * | UPLOAD_ORDER, UPLOAD_INCOMPLETE, UPLOAD_DIGEST_MISMATCH | INVALID_ARGUMENT | messages of an upload out of order, missing, or of another content than announced |
 * | UPLOAD_TOO_LARGE, SEGMENTS_MAX, ROW_TOO_LARGE | RESOURCE_EXHAUSTED | a bound was reached |
 * | UPLOAD_EXPIRED, SOURCE_BUSY | ABORTED | the upload took too long, or others were faster each time: start again |
 * | UPLOADS_BUSY | UNAVAILABLE | too many uploads at once: try again later |
 * | SCORING_SET_NOT_FOUND, PREDICTION_TABLE_NOT_FOUND | NOT_FOUND | nothing of that name in the caller's workspace |
 * | SOURCE_COLUMNS_INVALID | INVALID_ARGUMENT | rows to score without a join key, or with one of another type |
 * | SCORING_SET_COMMITTED | FAILED_PRECONDITION | the scoring set was committed with other results; facts name them |
 * | POSITION_MOVED | ABORTED | the consumer is not where the scoring set begins: make another one |
 * | PREDICTIONS_INVALID | INVALID_ARGUMENT | keys, outputs, times or fallbacks that do not fit together or do not fit the table |
 * | PREDICTION_TABLE_MISMATCH | FAILED_PRECONDITION | the table has other keys or outputs |
 * | PREDICTION_FILE_MISSING | FAILED_PRECONDITION | a file to load is not there |
 * | PREDICTION_FILE_INVALID | INVALID_ARGUMENT | a file to load cannot be read, lacks a column, or has another number of rows |
 * | PREDICTION_FILE_CHANGED | DATA_LOSS | a file to load is not what its digest says |
 * | PREDICTION_LOAD_TAKEN_OVER | ABORTED | another operation loads the same manifest |
 * | PREDICTION_LOADS_RESTLESS | ABORTED | loads begin faster than rows can be written: write them again |
 * | PREDICTION_VERSIONS_MAX | FAILED_PRECONDITION | too many versions of one table wait to be removed |
 * | STORED_FILE_LOST | DATA_LOSS | a stored file is gone or is not what was written |
 *
 * From others, passed on as they are: REQUEST_ID_REUSED, PAGE_TOKEN_* (INVALID_ARGUMENT), OPERATIONS_* (RESOURCE_EXHAUSTED, UNAVAILABLE),
 * TRANSACTION_CONFLICT (ABORTED), DATABASE_* (UNAVAILABLE), and those of the artifact store, the engine and the online store.
 */
export type FeatureErrorReason =
  | 'REPOSITORY_INVALID'
  | 'REPOSITORY_BREAKING_CHANGE'
  | 'REPOSITORY_NOT_FOUND'
  | 'SOURCE_NOT_FOUND'
  | 'INGESTION_NOT_FOUND'
  | 'TRAINING_SET_NOT_FOUND'
  | 'FEATURE_SERVICE_NOT_FOUND'
  | 'VIEW_NOT_FOUND'
  | 'FEATURES_INVALID'
  | 'FEATURE_NAMES_COLLIDE'
  | 'ENTITY_COLUMNS_INVALID'
  | 'FILE_INVALID'
  | 'JOIN_KEYS_INVALID'
  | 'UPLOAD_ORDER'
  | 'UPLOAD_INCOMPLETE'
  | 'UPLOAD_DIGEST_MISMATCH'
  | 'UPLOAD_TOO_LARGE'
  | 'SEGMENTS_MAX'
  | 'ROW_TOO_LARGE'
  | 'UPLOAD_EXPIRED'
  | 'SOURCE_BUSY'
  | 'UPLOADS_BUSY'
  | 'SCORING_SET_NOT_FOUND'
  | 'PREDICTION_TABLE_NOT_FOUND'
  | 'SOURCE_COLUMNS_INVALID'
  | 'SCORING_SET_COMMITTED'
  | 'POSITION_MOVED'
  | 'SCORING_TIMES_INVALID'
  | 'PREDICTIONS_INVALID'
  | 'PREDICTION_TABLE_MISMATCH'
  | 'PREDICTION_FILE_MISSING'
  | 'PREDICTION_FILE_INVALID'
  | 'PREDICTION_FILE_CHANGED'
  | 'PREDICTION_LOAD_TAKEN_OVER'
  | 'PREDICTION_LOADS_RESTLESS'
  | 'PREDICTION_VERSIONS_MAX'
  | 'STORED_FILE_LOST';

type Facts = Readonly<Record<string, string>>;
const details = (reason: FeatureErrorReason, facts: Facts = {}) => ({ reason, facts });

export function breakingChange(problems: readonly string[]): FailedPreconditionError {
  const facts = Object.fromEntries(problems.slice(0, 20).map((problem, index) => [`problem_${index + 1}`, problem]));
  return new FailedPreconditionError(
    `accepted rows could not be read any more: ${problems.join('; ')}`,
    details('REPOSITORY_BREAKING_CHANGE', facts),
  );
}

export const repositoryNotFound = (revision: bigint): NotFoundError =>
  new NotFoundError(
    revision === 0n ? 'no repository was applied yet' : `there is no revision ${revision} of the repository`,
    details('REPOSITORY_NOT_FOUND', { revision: revision.toString() }),
  );

/** @param hint e.g. `; did you mean 'flights'?` */
export const sourceNotFound = (source: string, hint: string): NotFoundError =>
  new NotFoundError(`the repository has no source '${source}'${hint}`, details('SOURCE_NOT_FOUND', { source }));

export const ingestionNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no ingestion '${id}'`, details('INGESTION_NOT_FOUND', { id }));

export const trainingSetNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no training set '${id}'`, details('TRAINING_SET_NOT_FOUND', { id }));

export const featureServiceNotFound = (name: string, hint: string): NotFoundError =>
  new NotFoundError(
    `the repository has no feature service '${name}'${hint}`,
    details('FEATURE_SERVICE_NOT_FOUND', { feature_service: name }),
  );

export const viewNotFound = (view: string, hint: string): NotFoundError =>
  new NotFoundError(`the repository has no view '${view}'${hint}`, details('VIEW_NOT_FOUND', { view }));

type InvalidReason =
  | 'FEATURES_INVALID'
  | 'FEATURE_NAMES_COLLIDE'
  | 'ENTITY_COLUMNS_INVALID'
  | 'JOIN_KEYS_INVALID'
  | 'SOURCE_COLUMNS_INVALID'
  | 'SCORING_TIMES_INVALID'
  | 'PREDICTIONS_INVALID';

export const invalid = (reason: InvalidReason, violations: readonly FieldViolation[]): InvalidArgumentError =>
  new InvalidArgumentError(violations, details(reason));

/** @param localFile its name on this machine, which is nobody's business. */
export const fileInvalid = (error: InvalidArgumentError, localFile: string): InvalidArgumentError =>
  new InvalidArgumentError(withoutPath(error, localFile), { ...details('FILE_INVALID'), cause: error });

/** @param index of the file in the request. */
export function predictionFileInvalid(
  error: InvalidArgumentError,
  localFile: string,
  index: number,
): InvalidArgumentError {
  const violations = withoutPath(error, localFile).map(({ field, description }) => ({
    field: field === 'file' ? `files[${index}]` : `files[${index}].${field}`,
    description,
  }));
  return new InvalidArgumentError(violations, { ...details('PREDICTION_FILE_INVALID'), cause: error });
}

const withoutPath = ({ violations }: InvalidArgumentError, localFile: string): readonly FieldViolation[] =>
  violations.map(({ field, description }) => ({
    field: field.replaceAll(localFile, 'file'),
    description: description.replaceAll(localFile, 'the file'),
  }));

type UploadReason = 'UPLOAD_ORDER' | 'UPLOAD_INCOMPLETE' | 'UPLOAD_DIGEST_MISMATCH';

export const uploadRefused = (reason: UploadReason, field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, details(reason));

export const uploadTooLarge = (bytesMax: number): ExhaustedError =>
  new ExhaustedError(
    `a file has at most ${bytesMax} bytes; split it`,
    details('UPLOAD_TOO_LARGE', { bytes_max: bytesMax.toString() }),
  );

export const uploadExpired = (): ConflictError =>
  new ConflictError('the upload took too long to be completed; start it again', details('UPLOAD_EXPIRED'));

export const uploadsBusy = (uploadsMax: number): UnavailableError =>
  new UnavailableError(
    `${uploadsMax} uploads are in progress; try again later`,
    details('UPLOADS_BUSY', { uploads_max: uploadsMax.toString() }),
  );

export const sourceBusy = (source: string): ConflictError =>
  new ConflictError(
    `other files of source '${source}' were faster each time; start the upload again`,
    details('SOURCE_BUSY', { source }),
  );

export const tooManySegments = (source: string, max: number): ExhaustedError =>
  new ExhaustedError(
    `source '${source}' has more than ${max} files; ingest fewer and larger ones`,
    details('SEGMENTS_MAX', { source, segments_max: max.toString() }),
  );

export const rowTooLarge = (view: string, bytes: number, bytesMax: number): ExhaustedError =>
  new ExhaustedError(
    `a row of view '${view}' has ${bytes} bytes; the online store takes ${bytesMax}`,
    details('ROW_TOO_LARGE', { view }),
  );

export const storedFileLost = (sha256: string, why: string, cause?: unknown): DataLossError =>
  new DataLossError(`stored file ${sha256} ${why}`, { ...details('STORED_FILE_LOST', { sha256 }), cause });

export const scoringSetNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no scoring set '${id}'`, details('SCORING_SET_NOT_FOUND', { id }));

export const scoringSetCommitted = (id: string, manifestUri: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `scoring set '${id}' was committed with '${manifestUri}'; its rows count as used`,
    details('SCORING_SET_COMMITTED', { id, manifest_uri: manifestUri }),
  );

export function positionMoved(
  { id, consumer, source, fromExclusive }: Pick<ScoringSet, 'id' | 'consumer' | 'source' | 'fromExclusive'>,
  position: bigint,
): ConflictError {
  const facts = { id, consumer, source, from_exclusive: fromExclusive.toString(), position: position.toString() };
  return new ConflictError(
    `consumer '${consumer}' is at row ${position} of source '${source}', and scoring set '${id}' begins after row ${fromExclusive}; make another one`,
    details('POSITION_MOVED', facts),
  );
}

export const predictionTableNotFound = (table: string): NotFoundError =>
  new NotFoundError(
    `there is no table '${table}' of stored predictions; load or write some first`,
    details('PREDICTION_TABLE_NOT_FOUND', { table }),
  );

export function predictionTableMismatch(
  table: string,
  { keys, outputs }: Pick<PredictionTable, 'keys' | 'outputs'>,
): FailedPreconditionError {
  const facts = {
    table,
    keys: keys.map(({ name, type }) => `${name} ${type}`).join(', '),
    outputs: outputs.join(', '),
  };
  return new FailedPreconditionError(
    `table '${table}' has keys (${facts.keys}) and outputs (${facts.outputs}); load into a table of another name`,
    details('PREDICTION_TABLE_MISMATCH', facts),
  );
}

export const predictionFileMissing = (uri: string, cause: unknown): FailedPreconditionError =>
  new FailedPreconditionError(`there is no file '${uri}'`, { ...details('PREDICTION_FILE_MISSING', { uri }), cause });

export const predictionFileChanged = (uri: string, why: string, cause?: unknown): DataLossError =>
  new DataLossError(`file '${uri}' ${why}`, { ...details('PREDICTION_FILE_CHANGED', { uri }), cause });

export const loadTakenOver = (table: string, manifestUri: string): ConflictError =>
  new ConflictError(
    `another operation loads '${manifestUri}' into table '${table}'`,
    details('PREDICTION_LOAD_TAKEN_OVER', { table, manifest_uri: manifestUri }),
  );
