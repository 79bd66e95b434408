import { defineSettings, listOf } from '@slipway/platform';
import { z } from 'zod';
import { DEFAULT_WEBHOOK_LIMITS, type WebhookLimits } from '../../domain/webhooks/webhook-limits.ts';

const whole = z.coerce.number().int();
const host = z
  .string()
  .regex(/^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/, 'is no host with or without a port');

/** Settings of webhooks. */
export const webhookSettings = defineSettings({
  'registry.webhook-key-file': {
    schema: z.string().min(1).optional(),
    doc: 'File with 64 hex digits: the key that secrets of webhooks are sealed with. Left out: one is made in the data directory on the first start.',
  },
  'registry.webhook-allowed-hosts': {
    schema: listOf(host, 100),
    default: [],
    doc: 'Hosts, with or without a port, that webhooks may call over http and at private addresses. All others: https and public addresses only.',
  },
  'registry.webhook-attempts': {
    schema: whole.min(1).max(20),
    default: DEFAULT_WEBHOOK_LIMITS.attemptsMax,
    doc: 'Attempts of one delivery, when the receiver cannot be reached or answers 429 or 5xx.',
  },
  'registry.webhook-timeout-ms': {
    schema: whole.min(100).max(300_000),
    default: DEFAULT_WEBHOOK_LIMITS.timeoutMs,
    doc: 'Milliseconds of one attempt.',
  },
  'registry.webhook-back-off-ms': {
    schema: whole.min(10).max(3_600_000),
    default: DEFAULT_WEBHOOK_LIMITS.backOffMs,
    doc: 'Milliseconds before the second attempt; four times as long before each further one, at most an hour.',
  },
  'registry.webhook-poll-ms': {
    schema: whole.min(10).max(60_000),
    default: DEFAULT_WEBHOOK_LIMITS.pollMs,
    doc: 'Milliseconds between two looks for deliveries that are due. Those of this process are sent at once.',
  },
  'registry.webhook-log-days': {
    schema: whole.min(1).max(3650),
    default: DEFAULT_WEBHOOK_LIMITS.logDays,
    doc: 'Days that a delivery is kept.',
  },
});

type LimitKey = Exclude<keyof typeof webhookSettings, 'registry.webhook-key-file' | 'registry.webhook-allowed-hosts'>;

/** @param get reads one setting. */
export const readWebhookLimits = (get: (key: LimitKey) => number): WebhookLimits =>
  Object.freeze({
    attemptsMax: get('registry.webhook-attempts'),
    timeoutMs: get('registry.webhook-timeout-ms'),
    backOffMs: get('registry.webhook-back-off-ms'),
    pollMs: get('registry.webhook-poll-ms'),
    logDays: get('registry.webhook-log-days'),
  });
