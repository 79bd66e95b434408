import {
  ConflictError,
  DataLossError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  type DomainError,
  type FieldViolation,
} from '@slipway/kernel';

/**
 * Every refusal of scoring jobs that has a word of its own (`ErrorInfo.reason`, and `error_reason` of a job).
 *
 * | reason | status | when |
 * |---|---|---|
 * | SCORING_PLAN_INVALID | INVALID_ARGUMENT | a plan that does not fit its source or its model; every problem with its field |
 * | SCORING_JOB_NOT_FOUND, OUTPUT_NOT_FOUND | NOT_FOUND | nothing of that name in the caller's workspace |
 * | CONSUMER_BUSY | FAILED_PRECONDITION | another job of the same consumer and source is at work |
 * | JOB_NOT_RESUMABLE | FAILED_PRECONDITION | a job that neither failed nor was cancelled |
 * | MANIFEST_NOT_WRITTEN | FAILED_PRECONDITION | a job that has published nothing |
 * | ROWS_PUBLISHED_BY_OTHER | FAILED_PRECONDITION | another job has published from the same position |
 * | PARTITIONS_MAX | RESOURCE_EXHAUSTED | more partitions than a job may have |
 * | PARTITION_FAILED | FAILED_PRECONDITION | a partition failed as often as it may |
 * | FAILED_ROWS_SHARE | FAILED_PRECONDITION | more rows than allowed could not be scored |
 * | INPUT_REPLACED, OUTPUT_LOST | DATA_LOSS | a stored file is gone or not what it was |
 * | SCRATCH_FULL | RESOURCE_EXHAUSTED | the scratch directory has no room |
 * | SCORING_JOB_TAKEN | ABORTED | another operation works on the job |
 *
 * From others, passed on: those of the registry, the feature store, the artifact store, the model (`loadScorer`), MODEL_FEATURES_INVALID and
 * ATTEMPT_* of workers, OPERATIONS_*, REQUEST_ID_REUSED, PAGE_TOKEN_*.
 */
export type BatchErrorReason =
  | 'SCORING_PLAN_INVALID'
  | 'SCORING_JOB_NOT_FOUND'
  | 'OUTPUT_NOT_FOUND'
  | 'CONSUMER_BUSY'
  | 'JOB_NOT_RESUMABLE'
  | 'MANIFEST_NOT_WRITTEN'
  | 'ROWS_PUBLISHED_BY_OTHER'
  | 'PARTITIONS_MAX'
  | 'PARTITION_FAILED'
  | 'FAILED_ROWS_SHARE'
  | 'INPUT_REPLACED'
  | 'OUTPUT_LOST'
  | 'SCRATCH_FULL'
  | 'SCORING_JOB_TAKEN';

const details = (reason: BatchErrorReason, facts: Readonly<Record<string, string>> = {}) => ({ reason, facts });

export const planInvalid = (violations: readonly FieldViolation[]): InvalidArgumentError =>
  new InvalidArgumentError(violations, details('SCORING_PLAN_INVALID'));

export const jobNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no scoring job '${id}'`, details('SCORING_JOB_NOT_FOUND', { job: id }));

export const outputNotFound = (uri: string): NotFoundError =>
  new NotFoundError('the manifest of the job names no such file', details('OUTPUT_NOT_FOUND', { file_uri: uri }));

export const consumerBusy = (consumer: string, source: string, job: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `job ${job} of consumer '${consumer}' is scoring rows of '${source}'; wait for it or cancel it`,
    details('CONSUMER_BUSY', { consumer, source, job }),
  );

export const notResumable = (job: string, state: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `job ${job} is ${state}; only one that failed or was cancelled can be resumed`,
    details('JOB_NOT_RESUMABLE', { job, state }),
  );

export const notPublished = (job: string): FailedPreconditionError =>
  new FailedPreconditionError(`job ${job} has published nothing yet`, details('MANIFEST_NOT_WRITTEN', { job }));

export const publishedByOther = (job: string, manifestUri: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `job ${job} has published rows from the same position; resume that job, or begin a new one once it is done`,
    details('ROWS_PUBLISHED_BY_OTHER', { job, manifest_uri: manifestUri }),
  );

export const tooManyPartitions = (partitions: number, max: number): ExhaustedError =>
  new ExhaustedError(
    `the rows make ${partitions} partitions, and ${max} is the most; ask for larger ones`,
    details('PARTITIONS_MAX', { partitions: `${partitions}`, partitions_max: `${max}` }),
  );

export const partitionFailed = (number: number, failures: number, message: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `partition ${number} failed ${failures} times, at last because: ${message}`,
    details('PARTITION_FAILED', { partition: `${number}` }),
  );

export const tooManyFailedRows = (failed: number, rows: number, max: number): FailedPreconditionError =>
  new FailedPreconditionError(
    `${failed} of ${rows} rows could not be scored, and ${max} is the most; the reasons are in the error files`,
    details('FAILED_ROWS_SHARE', { failed_rows: `${failed}`, rows: `${rows}` }),
  );

export const inputReplaced = (uri: string, why: string, cause?: unknown): DataLossError =>
  new DataLossError(`input ${uri} ${why}`, { ...details('INPUT_REPLACED', { file_uri: uri }), cause });

export const outputLost = (uri: string, why: string, cause?: unknown): DataLossError =>
  new DataLossError(`${uri} ${why}`, { ...details('OUTPUT_LOST', { file_uri: uri }), cause });

export const scratchFull = (bytes: number, bytesMax: number): ExhaustedError =>
  new ExhaustedError(
    `the job needs ${bytes} bytes of scratch space, and ${bytesMax} is what there is`,
    details('SCRATCH_FULL', { bytes: `${bytes}`, bytes_max: `${bytesMax}` }),
  );

export const scratchFailed = (cause: unknown): ExhaustedError =>
  new ExhaustedError('the scratch directory is full', { ...details('SCRATCH_FULL'), cause });

/** Of our own work only: whoever sees it stops, for another one goes on. */
export const jobTaken = (job: string): ConflictError =>
  new ConflictError(`another operation works on job ${job}`, details('SCORING_JOB_TAKEN', { job }));

/** Whether the same attempt may go well another time. */
export const isWorthRepeating = ({ kind }: DomainError): boolean =>
  kind === 'unavailable' || kind === 'exhausted' || kind === 'conflict';
