import type { Micros } from '@slipway/kernel';
import type { DeliveryState } from './webhook.ts';

/** What came of one attempt. */
export type AttemptOutcome =
  | {
      readonly kind: 'answered';
      /** Of HTTP. */
      readonly status: number;
      /** At most 4 KiB. */
      readonly body: string;
      /** Of `Retry-After`, when it named seconds. */
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The address may not be called. */
  | { readonly kind: 'refused'; readonly message: string };

export interface AttemptLimits {
  /** Attempts of one delivery, the first included. */
  readonly attemptsMax: number;
  /** Of one attempt, from the name look-up to the end of the answer. */
  readonly timeoutMs: number;
  /** Before the second attempt; four times as long before each further one. */
  readonly backOffMs: number;
}

/** What the log keeps of an attempt. */
export interface AttemptRecord {
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly responseStatus: number;
  readonly errorMessage: string;
  readonly attemptTime: Micros;
  /** When the next attempt is made; of no meaning unless it is pending. */
  readonly dueTime: Micros;
}

const PAUSE_MS_MAX = 3_600_000;

export const isDelivered = (outcome: AttemptOutcome): boolean =>
  outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;

/** Whether the same request may succeed later. */
const isPassing = (outcome: AttemptOutcome): boolean =>
  outcome.kind === 'unreachable' || (outcome.kind === 'answered' && (outcome.status === 429 || outcome.status >= 500));

/** Why an attempt did not deliver; empty when it did. */
export function failureOf(outcome: AttemptOutcome): string {
  if (outcome.kind !== 'answered') return outcome.message;
  if (isDelivered(outcome)) return '';
  const redirected = outcome.status >= 300 && outcome.status < 400 ? '; redirects are not followed' : '';
  return `the receiver answered ${outcome.status}${redirected}`;
}

/** @param before attempts that ended earlier. */
export function recordAttempt(
  outcome: AttemptOutcome,
  before: number,
  { attemptsMax, backOffMs }: AttemptLimits,
  now: Micros,
): AttemptRecord {
  const attempts = before + 1;
  const again = isPassing(outcome) && attempts < attemptsMax;
  const wished = outcome.kind === 'answered' ? (outcome.retryAfterMs ?? 0) : 0;
  const pauseMs = Math.min(PAUSE_MS_MAX, Math.max(wished, backOffMs * 4 ** (attempts - 1)));
  return {
    state: isDelivered(outcome) ? 'delivered' : again ? 'pending' : 'failed',
    attempts,
    responseStatus: outcome.kind === 'answered' ? outcome.status : 0,
    errorMessage: failureOf(outcome),
    attemptTime: now,
    dueTime: again ? now + BigInt(Math.ceil(pauseMs)) * 1000n : now,
  };
}
