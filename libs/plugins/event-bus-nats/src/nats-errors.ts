import {
  DeniedError,
  DomainError,
  FailedPreconditionError,
  InvalidArgumentError,
  UnauthenticatedError,
  UnavailableError,
} from '@slipway/kernel';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { AuthorizationError, PermissionViolationError } from '@nats-io/transport-node';

/** Error codes of the server (its `errors.json`) that the client library has no name for. */
const CONSUMER_FILTER_NOT_SUBSET = 10_093;
const SUBJECT_OVERLAP = 10_065;
const STREAM_NAME_IN_USE = 10_058;

/** The one place where an error of the broker or of its client becomes one of ours. `doing` completes "… failed", e.g. `publishing`. */
export function fromNatsError(error: unknown, doing: string): DomainError {
  if (error instanceof DomainError) return error;
  const text = error instanceof Error ? error.message : 'unknown';
  const details = { cause: error };
  if (error instanceof AuthorizationError) return new UnauthenticatedError('the broker refused the sign-in', details);
  if (error instanceof PermissionViolationError) {
    return new DeniedError(`${doing} failed: the broker's account lacks a permission (${text})`, details);
  }
  if (error instanceof JetStreamApiError) {
    if (error.code === CONSUMER_FILTER_NOT_SUBSET) {
      return InvalidArgumentError.of('subject', 'the stream stores nothing that this filter matches', details);
    }
    if (error.code === SUBJECT_OVERLAP || error.code === STREAM_NAME_IN_USE) {
      return new FailedPreconditionError(`the stream cannot be made: ${text}`, {
        ...details,
        reason: 'EVENT_BUS_STREAM_CONFLICT',
      });
    }
  }
  return new UnavailableError(`${doing} failed: ${text}`, { ...details, reason: 'EVENT_BUS_UNAVAILABLE' });
}

/** The broker answered that the stream or the consumer does not exist. */
export function isMissing(error: unknown, what: 'stream' | 'consumer' | 'either'): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const codes = { stream: JetStreamApiCodes.StreamNotFound, consumer: JetStreamApiCodes.ConsumerNotFound };
  if (what !== 'either') return error.code === codes[what];
  return error.code === codes.stream || error.code === codes.consumer;
}
