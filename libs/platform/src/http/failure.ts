import { decodeDetails } from '../rpc/error-details.ts';
import { httpStatusOf, toFailure } from '../rpc/errors.ts';
import type { StatusName } from '../rpc/status.ts';
import type { HttpFailure } from './route.ts';

/** A refusal that only HTTP has a number for, such as 405, 413 and 415. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  readonly code: StatusName;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: StatusName, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** As RFC 6750 asks. No Basic: a browser would open a dialog of its own over the page. */
const CHALLENGE = { 'www-authenticate': 'Bearer realm="slipway"' };

/** The one place where an error becomes an answer; what is not a domain error is a bug and reads "internal error". */
export function toHttpFailure(error: unknown, requestId: string): HttpFailure {
  if (error instanceof HttpRefusal) {
    const { status, code, message, headers } = error;
    return { status, code, reason: code, message, headers, facts: {}, violations: [], requestId };
  }
  const { status: code, details } = toFailure(error, requestId);
  const { message, reason, facts, violations } = decodeDetails(details); // bounded, as over gRPC
  const status = httpStatusOf(error);
  const headers = status === 401 ? CHALLENGE : {};
  return { status, code, reason: reason || code, message, facts, violations, requestId, headers };
}

/** Connect spells one code with one l. */
export function connectCode(code: StatusName): string {
  return code === 'CANCELLED' ? 'canceled' : code.toLowerCase();
}
