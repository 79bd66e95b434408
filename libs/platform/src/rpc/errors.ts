import { DomainError, type FieldViolation } from '@slipway/kernel';
import { encodeDetails } from './error-details.ts';
import { ERROR_CODES, STATUS, statusName, type StatusName } from './status.ts';

/**
 * How a call failed, as it goes over any wire. The invoker throws nothing else; nothing in it needs hiding.
 * `cause` is for the log of the server only.
 */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly code: number;
  readonly requestId: string | undefined;
  /** Serialized google.rpc.Status for `grpc-status-details-bin`. */
  readonly details: Buffer;
  constructor(code: number, message: string, details: Buffer, requestId?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
    this.requestId = requestId;
  }
  get status(): StatusName {
    return statusName(this.code);
  }
}

/** Reason of a call's signal when its caller went away. */
export class CallCancelledError extends Error {
  override readonly name = 'CallCancelledError';
  constructor(message = 'the caller cancelled the call') {
    super(message);
  }
}

/** Reason of a call's signal when its deadline passed. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
  constructor(message = 'the deadline of the call passed') {
    super(message);
  }
}

// Peers bound the headers of an answer, some at 8 KiB. Percent and base64 encoding widen the text and the details by up to 3 and 4/3.
const MESSAGE_BYTES_MAX = 1_024;
const DETAILS_BYTES_MAX = 3_072;
const FACT_BYTES_MAX = 512;

/** Cuts at a character, never within one, and leaves no half surrogate pairs, which encodeURI and UTF-8 both refuse. */
export function boundText(text: string, bytesMax: number): string {
  const whole = text.toWellFormed();
  if (whole.length * 3 <= bytesMax || Buffer.byteLength(whole) <= bytesMax) return whole;
  const cut = Buffer.from(whole).subarray(0, bytesMax - 3);
  return `${cut.toString('utf8').replace(/\ufffd+$/, '')}…`;
}

interface Budget {
  bytes: number;
}

function spend(budget: Budget, text: string): string | undefined {
  const bounded = boundText(text, FACT_BYTES_MAX);
  budget.bytes -= Buffer.byteLength(bounded);
  return budget.bytes < 0 ? undefined : bounded;
}

function boundFacts(facts: Readonly<Record<string, string>>, budget: Budget): Record<string, string> {
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(facts)) {
    const [boundName, boundValue] = [spend(budget, name), spend(budget, value)];
    if (boundName === undefined || boundValue === undefined) break;
    kept.push([boundName, boundValue]);
  }
  return Object.fromEntries(kept);
}

function boundViolations(violations: readonly FieldViolation[], budget: Budget): FieldViolation[] {
  const kept: FieldViolation[] = [];
  for (const violation of violations) {
    const [field, description] = [spend(budget, violation.field), spend(budget, violation.description)];
    if (field === undefined || description === undefined) break;
    kept.push({ field, description });
  }
  return kept;
}

function domainFailure(error: DomainError, requestId: string | undefined): RpcFailure {
  const code = STATUS[ERROR_CODES[error.kind].grpc];
  const message = boundText(error.message, MESSAGE_BYTES_MAX);
  const budget: Budget = { bytes: DETAILS_BYTES_MAX };
  const details = encodeDetails(code, message, {
    reason: spend(budget, error.reason) ?? '',
    facts: boundFacts(error.facts, budget),
    violations: boundViolations(error.violations, budget),
    ...(requestId !== undefined && { requestId }),
  });
  return new RpcFailure(code, message, details, requestId, { cause: error });
}

function plainFailure(status: StatusName, message: string, requestId: string | undefined, cause: unknown): RpcFailure {
  const code = STATUS[status];
  const details = encodeDetails(code, message, {
    facts: {},
    violations: [],
    ...(requestId !== undefined && { requestId }),
  });
  return new RpcFailure(code, message, details, requestId, { cause });
}

/**
 * The one place where an error becomes a status: a DomainError by the table, the end of the call by its reason, everything else is
 * a bug and reads INTERNAL "internal error" with the request id; its text and stack stay in `cause`.
 */
export function toFailure(error: unknown, requestId: string | undefined): RpcFailure {
  if (error instanceof RpcFailure) return error;
  if (error instanceof DomainError) return domainFailure(error, requestId);
  if (error instanceof CallCancelledError) return plainFailure('CANCELLED', error.message, requestId, error);
  if (error instanceof DeadlineExceededError) return plainFailure('DEADLINE_EXCEEDED', error.message, requestId, error);
  return plainFailure('INTERNAL', 'internal error', requestId, error);
}

/** For the HTTP side: the status of an answer to this error. A caller that left (499) reads it from nobody. */
export function httpStatusOf(error: unknown): number {
  if (error instanceof DomainError) return ERROR_CODES[error.kind].http;
  if (error instanceof CallCancelledError) return 499;
  return error instanceof DeadlineExceededError ? 504 : 500;
}
