import { UnavailableError, type Clock, type Random } from '@slipway/kernel';
import type { MethodDescriptor } from '@slipway/contracts';

/** Three attempts within a second ride out a restart of one replica; more of them would only add to an overload. */
export const ATTEMPTS_MAX = 3;
const BACKOFF_MS = 50;
const BACKOFF_MS_MAX = 1_000;

/** Calls that only read; by the names our contracts give them. */
const READS = /^(?:Get|List|Check|Download)(?=[A-Z]|$)/;

/** Whether a call may be repeated without asking; a stream of requests never, its messages are gone. */
export function isRepeatable({ name, kind }: MethodDescriptor): boolean {
  return READS.test(name) && (kind === 'unary' || kind === 'server-stream');
}

export interface RetryDependencies {
  readonly clock: Clock;
  readonly random: Random;
}

/** What an attempt failed with, and what the server said about trying again. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly error: unknown;
  /** From `grpc-retry-pushback-ms`: wait this long; negative, do not try again. */
  readonly pushbackMs: number | undefined;
  constructor(error: unknown, pushbackMs?: number) {
    super('an attempt failed', { cause: error });
    this.error = error;
    this.pushbackMs = pushbackMs;
  }
}

/** Full jitter: callers that failed together do not come back together. */
function backoffMs(attempt: number, random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt) * (high * 256 + low)) / 65_536;
}

/**
 * How long to wait before the next attempt, or undefined when there is none: the failure is not "unavailable", the attempts are used up, the
 * server asked not to, or the deadline comes first.
 */
export function nextAttemptMs(
  attempt: number,
  failure: unknown,
  remainingMs: number,
  random: Random,
): number | undefined {
  if (!(failure instanceof AttemptFailure) || !(failure.error instanceof UnavailableError)) return undefined;
  if (failure.error.reason === 'DEADLINE_EXCEEDED' || failure.error.reason === 'CANCELLED') return undefined;
  const { pushbackMs } = failure;
  if (attempt + 1 >= ATTEMPTS_MAX || (pushbackMs !== undefined && pushbackMs < 0)) return undefined;
  const waitMs = pushbackMs ?? backoffMs(attempt, random);
  return waitMs < remainingMs ? waitMs : undefined;
}
