import type { ErrorKind } from '@slipway/kernel';

/** The codes of gRPC, by the names that metrics, spans and logs show. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof STATUS;

interface ErrorCodes {
  readonly grpc: StatusName;
  readonly http: number;
}

/** The one table from the kinds of failure to both wires; a new kind does not compile until it is mapped. HTTP as in google.rpc.Code. */
export const ERROR_CODES: Readonly<Record<ErrorKind, ErrorCodes>> = {
  'invalid-argument': { grpc: 'INVALID_ARGUMENT', http: 400 },
  'not-found': { grpc: 'NOT_FOUND', http: 404 },
  'already-exists': { grpc: 'ALREADY_EXISTS', http: 409 },
  denied: { grpc: 'PERMISSION_DENIED', http: 403 },
  exhausted: { grpc: 'RESOURCE_EXHAUSTED', http: 429 },
  'failed-precondition': { grpc: 'FAILED_PRECONDITION', http: 400 },
  conflict: { grpc: 'ABORTED', http: 409 },
  unsupported: { grpc: 'UNIMPLEMENTED', http: 501 },
  unavailable: { grpc: 'UNAVAILABLE', http: 503 },
  'data-loss': { grpc: 'DATA_LOSS', http: 500 },
  unauthenticated: { grpc: 'UNAUTHENTICATED', http: 401 },
};

const NAMES = new Map(Object.entries(STATUS).map(([name, code]) => [code as number, name as StatusName]));

/** UNKNOWN for a number that is no code. */
export function statusName(code: number): StatusName {
  return NAMES.get(code) ?? 'UNKNOWN';
}
