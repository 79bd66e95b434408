import { DomainError } from '@slipway/kernel';

/** What a failed load looks like from outside. A bug shows no text of its own: the log has it. */
export function describeFailure(error: unknown): { reason: string; message: string; retryable: boolean } {
  if (error instanceof DomainError) {
    return { reason: error.reason, message: error.message.slice(0, 2_000), retryable: error.kind === 'unavailable' };
  }
  return {
    reason: 'INTERNAL',
    message: 'internal error while loading; the log of the server says more',
    retryable: false,
  };
}

export interface RetryPolicy {
  /** Tries of one target in one round, the first one counted; the next reconciliation opens a new round. */
  readonly attemptsMax: number;
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
}

/** Waiting time after the `attempts`-th failure: doubles up to the maximum, then times 0.5 to 1 so that servers do not retry in step. @param fraction in [0, 1). */
export function retryDelayMs(policy: RetryPolicy, attempts: number, fraction: number): number {
  const full = Math.min(policy.delayMsMax, policy.firstDelayMs * 2 ** Math.min(attempts - 1, 30));
  return full * (0.5 + fraction / 2);
}
