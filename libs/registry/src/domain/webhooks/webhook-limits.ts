import type { AttemptLimits } from './attempt.ts';

/** Bounds of webhooks; all of them are settings. */
export interface WebhookLimits extends AttemptLimits {
  /** Between two looks for what is due. */
  readonly pollMs: number;
  /** How long deliveries are kept. */
  readonly logDays: number;
}

/** Five attempts with pauses of 5 s, 20 s, 80 s and 320 s outlast the restart of a receiver. */
export const DEFAULT_WEBHOOK_LIMITS: WebhookLimits = Object.freeze({
  attemptsMax: 5,
  timeoutMs: 30_000,
  backOffMs: 5_000,
  pollMs: 1_000,
  logDays: 14,
});
