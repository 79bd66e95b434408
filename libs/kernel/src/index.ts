export {
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
  type ErrorDetails,
  type ErrorKind,
  type FieldViolation,
} from './errors.ts';
export { formatMicros, parseMicros, type Clock, type Micros } from './clock.ts';
export { systemClock, systemRandom } from './system.ts';
export { seededRandom, type Random } from './random.ts';
export { createIdSource, type IdSource } from './ids.ts';
export { silentLogger, type Logger } from './logger.ts';
export { Secret } from './secret.ts';
export { assertPermitted, isPermitted, type Caller } from './caller.ts';
export {
  DEFAULT_WORKSPACE,
  FILE_PATH_PATTERN,
  MODEL_NAME_PATTERN,
  NAME_PATTERN,
  SHA256_PATTERN,
  WORKSPACE_PATTERN,
} from './names.ts';
export { defineEvent, type EventDefinition, type EventSubject, type RecordedEvent } from './events.ts';
export { type Component, type ServiceState } from './component.ts';
export { INT64_MAX, INT64_MIN, parseInt64 } from './int64.ts';
export { canonicalJson, type JsonValue } from './canonical-json.ts';
export { Alarm } from './alarm.ts';
export { RecurringTask, type RecurringTaskOptions } from './recurring-task.ts';
export { Turnstile } from './turnstile.ts';
