import { DomainError, ExhaustedError } from '@slipway/kernel';
import { boundText } from '@slipway/platform';
import type { OperationFailure, OperationResult, OperationState } from './operation.ts';

/** How an operation ended. */
export interface OperationOutcome {
  readonly state: Extract<OperationState, 'succeeded' | 'failed' | 'cancelled'>;
  readonly error?: OperationFailure;
  readonly resultJson?: string;
  readonly resultType?: string;
}

/** Reason of an operation's signal when somebody asked for a stop. */
export class OperationCancelledError extends Error {
  override readonly name = 'OperationCancelledError';
  constructor() {
    super('the operation was cancelled');
  }
}

/** Reason of an operation's signal when others may take it for dead. */
export class OperationLostError extends Error {
  override readonly name = 'OperationLostError';
  constructor() {
    super('the lease of the operation was lost');
  }
}

/** Reason of an operation's signal when its process stops. */
export class OperationStoppedError extends Error {
  override readonly name = 'OperationStoppedError';
  constructor() {
    super('the process stops before the operation was done');
  }
}

export const OWNER_STOPPED: OperationFailure = {
  kind: 'unavailable',
  reason: 'OWNER_STOPPED',
  message: 'the process stopped before it was done; begin it again',
};

const RESULT_BYTES_MAX = 1024 * 1024;
const MESSAGE_BYTES_MAX = 1024;

/** @throws {ExhaustedError} on a result that is too large. @throws {SyntaxError} on one that is no JSON: a bug of the work. */
export function toSuccess({ type, json }: OperationResult): OperationOutcome {
  if (Buffer.byteLength(json) > RESULT_BYTES_MAX) {
    throw new ExhaustedError(`the result of an operation is at most ${RESULT_BYTES_MAX} bytes`, {
      reason: 'OPERATION_RESULT_TOO_LARGE',
    });
  }
  JSON.parse(json);
  return { state: 'succeeded', resultJson: json, resultType: type };
}

/** The words of a domain error; nothing of any other. */
export function toFailed(error: unknown): OperationOutcome {
  if (!(error instanceof DomainError)) {
    return { state: 'failed', error: { kind: 'internal', reason: 'INTERNAL', message: 'internal error' } };
  }
  const message = boundText(error.message.replaceAll('\0', ''), MESSAGE_BYTES_MAX); // PostgreSQL keeps no NUL
  return { state: 'failed', error: { kind: error.kind, reason: error.reason, message } };
}
