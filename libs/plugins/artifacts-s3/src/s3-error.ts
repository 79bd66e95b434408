import { S3ServiceException } from '@aws-sdk/client-s3';
import {
  ConflictError,
  DomainError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
  type ErrorDetails,
} from '@slipway/kernel';

/** Reason of the ConflictError that stands for a precondition of ours (`If-None-Match`, `If-Match`) which did not hold. */
export const PRECONDITION_FAILED = 'S3_PRECONDITION_FAILED';
/** Reason of the UnavailableError that stands for a conditional write in the way of another one: repeat it. */
export const WRITE_IN_PROGRESS = 'S3_WRITE_IN_PROGRESS';
/** Reason of the UnavailableError that stands for an upload that is gone: aborted, or completed by an attempt whose answer was lost. */
export const UPLOAD_GONE = 'S3_UPLOAD_GONE';

type Make = (what: string, details: ErrorDetails) => DomainError;

const unavailable: Make = (what, details) =>
  new UnavailableError(`${what}: the S3 server cannot be reached or is busy`, details);
const refused: Make = (what, details) =>
  new FailedPreconditionError(`${what}: the S3 server refuses these credentials or this bucket`, {
    ...details,
    reason: 'S3_ACCESS_REFUSED',
  });
const notFound: Make = (what, details) =>
  new NotFoundError(`${what}: not found`, { ...details, reason: 'ARTIFACT_NOT_FOUND' });
const occupied: Make = (what, details) =>
  new FailedPreconditionError(`${what}: a path above or below it is in the way`, {
    ...details,
    reason: 'ARTIFACT_PATH_HOLDS_OTHERS',
  });
const full: Make = (what, details) =>
  new ExhaustedError(`${what}: the S3 server has no room`, { ...details, reason: 'ARTIFACT_STORAGE_FULL' });

const BY_NAME: Readonly<Record<string, Make>> = {
  NoSuchBucket: (what, details) =>
    new FailedPreconditionError(`${what}: the bucket does not exist`, { ...details, reason: 'S3_BUCKET_ABSENT' }),
  NoSuchUpload: (what, details) =>
    new UnavailableError(`${what}: the upload is gone`, { ...details, reason: UPLOAD_GONE }),
  ConditionalRequestConflict: (what, details) =>
    new UnavailableError(`${what}: another write is in progress`, { ...details, reason: WRITE_IN_PROGRESS }),
  InvalidRange: (_, details) =>
    InvalidArgumentError.of('range.offset', 'begins at or after the end of the content', {
      ...details,
      reason: 'ARTIFACT_RANGE_BEYOND_END',
    }),
  // Names of versitygw for a key below another key, which a file system cannot hold.
  ObjectParentIsFile: occupied,
  ExistingObjectIsDirectory: occupied,
  EntityTooLarge: full,
  QuotaExceeded: full,
  // Damaged or cut short on the way to the server: worth another try by the caller.
  BadDigest: unavailable,
  IncompleteBody: unavailable,
  RequestTimeout: unavailable,
  SlowDown: unavailable,
  OperationAborted: unavailable,
  TimeoutError: unavailable,
  AbortError: unavailable, // the caller's own abort was looked at before
};

const BY_STATUS: Readonly<Record<number, Make>> = {
  401: refused,
  403: refused,
  404: notFound,
  412: (what, details) =>
    new ConflictError(`${what}: the object has changed`, { ...details, reason: PRECONDITION_FAILED }),
  429: unavailable,
  507: full,
};

const NETWORK = /^(?:E(?:CONN|PIPE|TIMEDOUT|HOST|NET|AI_|NOTFOUND|PROTO)|ERR_STREAM_PREMATURE_CLOSE|ERR_SSL|CERT_)/;

/**
 * The one place where a failure of the S3 client becomes an error of ours. Errors of ours, and what is a bug here (a request the server calls
 * malformed), pass unchanged.
 * @param what was tried, e.g. `write 'default/a'`.
 */
export function fromS3(error: unknown, what: string): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const details = {
    facts: { code: error.name, ...(status === undefined ? {} : { status: String(status) }) },
    cause: error,
  };
  const make = BY_NAME[error.name] ?? (status === undefined ? undefined : BY_STATUS[status]);
  if (make) return make(what, details);
  if (status !== undefined) return status >= 500 ? unavailable(what, details) : error;
  const code = 'code' in error ? String(error.code) : '';
  return NETWORK.test(code) || error.message === 'aborted' ? unavailable(what, details) : error;
}

/** Whether `error` is one of ours with this reason. */
export const hasReason = (error: unknown, reason: string): boolean =>
  error instanceof DomainError && error.reason === reason;
