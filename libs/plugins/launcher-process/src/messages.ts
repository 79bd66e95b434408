import {
  AlreadyExistsError,
  ConflictError,
  DataLossError,
  DeniedError,
  DomainError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
  type ErrorKind,
  type JsonValue,
} from '@slipway/kernel';

/** What the runner tells a worker process. */
export type ToWorker =
  | { readonly kind: 'run'; readonly id: string; readonly task: JsonValue }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'close' };

/** What a worker process tells. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'heartbeat'; readonly id: string }
  | { readonly kind: 'done'; readonly id: string; readonly result: JsonValue }
  | { readonly kind: 'failed'; readonly id: string; readonly failure: Failure }
  | { readonly kind: 'stopped'; readonly id: string };

/** A domain error on its way; undefined for a bug, which the worker has written to its log. */
export type Failure =
  | {
      readonly kind: ErrorKind;
      readonly message: string;
      readonly reason: string;
      readonly facts: Readonly<Record<string, string>>;
    }
  | undefined;

export function toFailure(error: unknown): Failure {
  if (!(error instanceof DomainError)) return undefined;
  const { kind, message, reason, facts } = error;
  return { kind, message, reason, facts };
}

type PlainError = new (
  message: string,
  details: { reason: string; facts: Readonly<Record<string, string>> },
) => DomainError;

const CLASSES: Readonly<Record<Exclude<ErrorKind, 'invalid-argument'>, PlainError>> = {
  'not-found': NotFoundError,
  'already-exists': AlreadyExistsError,
  'failed-precondition': FailedPreconditionError,
  conflict: ConflictError,
  exhausted: ExhaustedError,
  unauthenticated: UnauthenticatedError,
  denied: DeniedError,
  unavailable: UnavailableError,
  unsupported: UnsupportedError,
  'data-loss': DataLossError,
};

/** The error as the worker threw it, without its cause. */
export function fromFailure(failure: Failure): DomainError {
  if (!failure) {
    return new UnavailableError('internal error of the worker; its log says which', { reason: 'ATTEMPT_FAILED' });
  }
  const { kind, message, reason, facts } = failure;
  if (kind === 'invalid-argument') return InvalidArgumentError.of('task', message, { reason, facts });
  return new CLASSES[kind](message, { reason, facts });
}
