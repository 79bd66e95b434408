import {
  AlreadyExistsError,
  ConflictError,
  DataLossError,
  DeniedError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
  type DomainError,
  type ErrorDetails,
} from '@slipway/kernel';
import { decodeDetails, type StatusDetails } from './error-details.ts';
import { statusName, type StatusName } from './status.ts';

/** The called service has a bug; its log has the cause under this request id. Not a DomainError: nobody upstream can act on it. */
export class RemoteInternalError extends Error {
  override readonly name = 'RemoteInternalError';
  readonly requestId: string | undefined;
  constructor(message: string, requestId: string | undefined, options?: ErrorOptions) {
    super(requestId === undefined ? message : `${message} (request ${requestId})`, options);
    this.requestId = requestId;
  }
}

/** What a client saw at the end of a call. */
export interface RemoteStatus {
  readonly code: number;
  readonly message: string;
  /** Value of `grpc-status-details-bin`. */
  readonly details?: Uint8Array | undefined;
}

type Make = (message: string, details: ErrorDetails, status: StatusDetails) => DomainError;

const unavailable: Make = (message, details) => new UnavailableError(message, details);

function invalidArgument(message: string, details: ErrorDetails, { violations }: StatusDetails): DomainError {
  const blamed = violations.length > 0 ? violations : [{ field: 'request', description: message }];
  const error = new InvalidArgumentError(blamed, details);
  error.message = message; // as the server put it; violations may have been cut on the way
  return error;
}

/** The reverse of the table. A deadline or a cancel that was not the caller's own means: try again. */
const MAKERS: Readonly<Partial<Record<StatusName, Make>>> = {
  CANCELLED: unavailable,
  DEADLINE_EXCEEDED: unavailable,
  INVALID_ARGUMENT: invalidArgument,
  OUT_OF_RANGE: invalidArgument,
  NOT_FOUND: (message, details) => new NotFoundError(message, details),
  ALREADY_EXISTS: (message, details) => new AlreadyExistsError(message, details),
  PERMISSION_DENIED: (message, details) => new DeniedError(message, details),
  RESOURCE_EXHAUSTED: (message, details) => new ExhaustedError(message, details),
  FAILED_PRECONDITION: (message, details) => new FailedPreconditionError(message, details),
  ABORTED: (message, details) => new ConflictError(message, details),
  UNIMPLEMENTED: (message, details) => new UnsupportedError(message, details),
  UNAVAILABLE: unavailable,
  DATA_LOSS: (message, details) => new DataLossError(message, details),
  UNAUTHENTICATED: (message, details) => new UnauthenticatedError(message, details),
};

/** Rebuilds the error that the server threw, with its reason, facts and violations; the reason of a foreign status is its name. */
export function fromStatus(remote: RemoteStatus, cause?: unknown): DomainError | RemoteInternalError {
  const status = statusName(remote.code);
  const parts = remote.details ? decodeDetails(remote.details) : undefined;
  const make = MAKERS[status];
  const message = parts?.message || remote.message || status;
  if (!make) return new RemoteInternalError(message, parts?.requestId, cause === undefined ? undefined : { cause });
  const details: ErrorDetails = {
    reason: parts?.reason || status,
    facts: parts?.facts ?? {},
    ...(cause !== undefined && { cause }),
  };
  return make(message, details, parts ?? { facts: {}, violations: [] });
}
