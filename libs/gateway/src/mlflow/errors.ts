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
} from '@slipway/kernel';
import { HttpRefusal, type HttpFailure, type HttpReply } from '@slipway/platform';

/** A refusal in MLflow's own words. */
export class MlflowError extends Error {
  override readonly name = 'MlflowError';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const invalid = (message: string): MlflowError => new MlflowError(400, 'INVALID_PARAMETER_VALUE', message);

/** What a server answers that does not know a call. */
export const UNKNOWN_CALL: HttpReply = { status: 404, body: '' };

/**
 * The answer to an error, such that a client tries again what may succeed and nothing else: it repeats 408, 429 and 5xx for minutes.
 * @returns undefined for what is no refusal but a bug, or a client that left.
 */
export function errorReply(error: unknown): HttpReply | undefined {
  if (error instanceof UnsupportedError && error.reason === 'UNIMPLEMENTED') return UNKNOWN_CALL;
  const refusal = error instanceof MlflowError ? error : refusalOf(error);
  if (!refusal) return undefined;
  const { status, code, message } = refusal;
  return { status, json: { error_code: code, message } };
}

/** JSON of what fails before a handler is asked: who calls, how large a body is. */
export const renderError = ({ status, message }: HttpFailure): object => ({
  error_code: CODES[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR'),
  message,
});

const CODES: Readonly<Record<number, string>> = {
  400: 'INVALID_PARAMETER_VALUE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'ENDPOINT_NOT_FOUND',
  429: 'REQUEST_LIMIT_EXCEEDED',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function refusalOf(error: unknown): MlflowError | undefined {
  if (error instanceof HttpRefusal) {
    return new MlflowError(error.status, CODES[error.status] ?? 'BAD_REQUEST', error.message);
  }
  if (error instanceof InvalidArgumentError) return invalid(violationsText(error));
  if (error instanceof NotFoundError) return new MlflowError(404, 'RESOURCE_DOES_NOT_EXIST', textOf(error));
  if (error instanceof AlreadyExistsError) return new MlflowError(400, 'RESOURCE_ALREADY_EXISTS', textOf(error));
  if (error instanceof FailedPreconditionError) return preconditionRefusal(error);
  if (error instanceof DeniedError) return new MlflowError(403, 'PERMISSION_DENIED', error.message);
  if (error instanceof UnauthenticatedError) return new MlflowError(401, 'UNAUTHENTICATED', error.message);
  if (error instanceof ExhaustedError) return exhaustedRefusal(error);
  if (error instanceof ConflictError) return new MlflowError(503, 'TEMPORARILY_UNAVAILABLE', error.message); // a repeat is what it asks for
  if (error instanceof UnsupportedError) return new MlflowError(501, 'NOT_IMPLEMENTED', error.message);
  if (error instanceof DataLossError) return new MlflowError(500, 'DATA_LOSS', error.message);
  if (!(error instanceof UnavailableError)) return undefined;
  const isLate = error.reason === 'DEADLINE_EXCEEDED';
  return new MlflowError(isLate ? 504 : 503, isLate ? 'DEADLINE_EXCEEDED' : 'TEMPORARILY_UNAVAILABLE', error.message);
}

/** Whether another state would help or other words decides the code; the status is never one that is tried again. */
function preconditionRefusal(error: FailedPreconditionError): MlflowError {
  if (error.reason.endsWith('_NOT_ACTIVE')) return invalid(error.message);
  const facts = Object.entries(error.facts).map(([name, value]) => `${name}: ${value}`);
  return new MlflowError(400, 'INVALID_STATE', [error.message, ...facts].join('; '));
}

/** Only a rate is over after a while. */
function exhaustedRefusal(error: ExhaustedError): MlflowError {
  if (error.reason === 'RESOURCE_EXHAUSTED') return new MlflowError(429, 'REQUEST_LIMIT_EXCEEDED', error.message);
  return error.reason.endsWith('_TOO_LARGE')
    ? new MlflowError(413, 'INVALID_PARAMETER_VALUE', error.message)
    : invalid(error.message);
}

/** A description that is a sentence of its own needs no field before it. */
function violationsText({ violations, message }: InvalidArgumentError): string {
  if (violations.length === 0) return message;
  return violations
    .map(({ field, description }) => {
      if (field === 'page_token') return `Invalid page token: it ${description}`;
      return /^[A-Z'"]/.test(description) ? description : `${field}: ${description}`;
    })
    .join('; ');
}

/** Registry errors as MLflow words them; those of tracking are its own already. */
function textOf({ reason, facts, message }: DomainError): string {
  const { model = '', version = '' } = facts;
  if (reason === 'MODEL_NOT_FOUND') return `Registered Model with name=${model} not found`;
  if (reason === 'MODEL_VERSION_NOT_FOUND') return `Model Version (name=${model}, version=${version}) not found`;
  if (reason === 'MODEL_ALREADY_EXISTS') return `Registered Model (name=${model}) already exists.`;
  return message;
}
