/**
 * The closed set of failures a caller can act on. Choose by what the caller must do next: repeat the call (`unavailable`),
 * repeat the read-modify-write (`conflict`), change the state first (`failed-precondition`), change the request (`invalid-argument`).
 */
export type ErrorKind =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'failed-precondition'
  | 'conflict'
  | 'exhausted'
  | 'unauthenticated'
  | 'denied'
  | 'unavailable'
  | 'unsupported'
  | 'data-loss';

/** One thing that is wrong with one field of a request; `field` is the path in the words of the contract, e.g. `inputs[0].shape`. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** On the prototype of each class below: its name. Copies of this module in one process share the symbol, not the classes. */
const ERROR_CLASS = Symbol.for('slipway.error-class.v1');

/**
 * An error whose text and facts may be shown to the caller. Everything else is a bug and is shown as INTERNAL.
 *
 * `instanceof` holds for this class and those of this file also when the error was made by another copy of this module: a plugin brings its own.
 * For any other subclass it means what it always means.
 */
export abstract class DomainError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    const wanted: unknown = Object.getOwnPropertyDescriptor(this.prototype, ERROR_CLASS)?.value;
    return typeof wanted === 'string' && value instanceof Error && classNames(value).includes(wanted);
  }
  abstract readonly kind: ErrorKind;
  /** Stable UPPER_SNAKE word, part of the contract. */
  abstract readonly reason: string;
  /** Safe to show to the caller. */
  abstract readonly facts: Readonly<Record<string, string>>;
  /** Filled by errors that blame fields of the request. */
  readonly violations: readonly FieldViolation[] = [];
}

/** `reason` is the stable word of this error, `facts` what the caller may see of it. */
export type ErrorDetails = {
  readonly reason?: string;
  readonly facts?: Readonly<Record<string, string>>;
} & ErrorOptions;

abstract class PlainDomainError extends DomainError {
  readonly reason: string;
  readonly facts: Readonly<Record<string, string>>;
  constructor(message: string, defaultReason: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = details.reason ?? defaultReason;
    this.facts = details.facts ?? {};
  }
}

/** The request itself is wrong; the violations name each field and its fix. */
export class InvalidArgumentError extends PlainDomainError {
  override readonly name = 'InvalidArgumentError';
  readonly kind = 'invalid-argument';
  override readonly violations: readonly FieldViolation[];
  constructor(violations: readonly FieldViolation[], details: ErrorDetails = {}) {
    super(
      violations.map(({ field, description }) => `${field}: ${description}`).join('; '),
      'INVALID_ARGUMENT',
      details,
    );
    this.violations = violations;
  }
  /** For the usual case of one wrong field. */
  static of(field: string, description: string, details: ErrorDetails = {}): InvalidArgumentError {
    return new InvalidArgumentError([{ field, description }], details);
  }
}

/** The named thing does not exist, or the caller may not know that it does. */
export class NotFoundError extends PlainDomainError {
  override readonly name = 'NotFoundError';
  readonly kind = 'not-found';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'NOT_FOUND', details);
  }
}

/** A thing of that name is there already. */
export class AlreadyExistsError extends PlainDomainError {
  override readonly name = 'AlreadyExistsError';
  readonly kind = 'already-exists';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'ALREADY_EXISTS', details);
  }
}

/** The request is fine, the state is not: another call has to come first. */
export class FailedPreconditionError extends PlainDomainError {
  override readonly name = 'FailedPreconditionError';
  readonly kind = 'failed-precondition';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'FAILED_PRECONDITION', details);
  }
}

/** Somebody else changed the state in between: read it again and repeat. */
export class ConflictError extends PlainDomainError {
  override readonly name = 'ConflictError';
  readonly kind = 'conflict';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'CONFLICT', details);
  }
}

/** A bound was reached: size, count, rate or budget. */
export class ExhaustedError extends PlainDomainError {
  override readonly name = 'ExhaustedError';
  readonly kind = 'exhausted';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'RESOURCE_EXHAUSTED', details);
  }
}

/** No credentials, or ones that do not check out. */
export class UnauthenticatedError extends PlainDomainError {
  override readonly name = 'UnauthenticatedError';
  readonly kind = 'unauthenticated';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'UNAUTHENTICATED', details);
  }
}

/** The caller is known and may not do this. */
export class DeniedError extends PlainDomainError {
  override readonly name = 'DeniedError';
  readonly kind = 'denied';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'PERMISSION_DENIED', details);
  }
}

/** Try again later: a store, a broker or a peer cannot be reached, or a model is loading. */
export class UnavailableError extends PlainDomainError {
  override readonly name = 'UnavailableError';
  readonly kind = 'unavailable';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'UNAVAILABLE', details);
  }
}

/** This server, driver or configuration does not do that. */
export class UnsupportedError extends PlainDomainError {
  override readonly name = 'UnsupportedError';
  readonly kind = 'unsupported';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'UNSUPPORTED', details);
  }
}

/** Stored bytes are not what was written: a digest or a signature does not match. */
export class DataLossError extends PlainDomainError {
  override readonly name = 'DataLossError';
  readonly kind = 'data-loss';
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'DATA_LOSS', details);
  }
}

/** What the prototypes of an error say they are, also those of another copy. */
function classNames(error: Error): readonly unknown[] {
  const names: unknown[] = [];
  for (let at: unknown = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    names.push(Object.getOwnPropertyDescriptor(at, ERROR_CLASS)?.value);
  }
  return names;
}

// The names are keys, so that a bundler that renames a class changes nothing.
const classes = {
  DomainError,
  InvalidArgumentError,
  NotFoundError,
  AlreadyExistsError,
  FailedPreconditionError,
  ConflictError,
  ExhaustedError,
  UnauthenticatedError,
  DeniedError,
  UnavailableError,
  UnsupportedError,
  DataLossError,
};
for (const [name, type] of Object.entries(classes)) Object.defineProperty(type.prototype, ERROR_CLASS, { value: name });
