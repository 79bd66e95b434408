import { ExhaustedError, InvalidArgumentError, NotFoundError } from '@slipway/kernel';
import { WEBHOOKS_MAX } from './webhook.ts';

/**
 * | reason | status | when |
 * |---|---|---|
 * | WEBHOOK_NOT_FOUND | NOT_FOUND | no such webhook in the caller's workspace |
 * | WEBHOOK_DELIVERY_NOT_FOUND | NOT_FOUND | no such delivery, or it is no longer kept |
 * | WEBHOOK_EVENT_UNKNOWN | INVALID_ARGUMENT | there is no such event |
 * | WEBHOOK_URL_REFUSED | INVALID_ARGUMENT | the address is not one that may be called |
 * | WEBHOOKS_MAX | RESOURCE_EXHAUSTED | a workspace has as many as are kept |
 */
export type WebhookErrorReason =
  'WEBHOOK_NOT_FOUND' | 'WEBHOOK_DELIVERY_NOT_FOUND' | 'WEBHOOK_EVENT_UNKNOWN' | 'WEBHOOK_URL_REFUSED' | 'WEBHOOKS_MAX';

export const webhookNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no webhook '${id}'`, { reason: 'WEBHOOK_NOT_FOUND', facts: { webhook: id } });

export const deliveryNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no delivery '${id}'`, { reason: 'WEBHOOK_DELIVERY_NOT_FOUND', facts: { delivery: id } });

export const webhooksMax = (): ExhaustedError =>
  new ExhaustedError(`there are ${WEBHOOKS_MAX} webhooks, no more are kept; delete one first`, {
    reason: 'WEBHOOKS_MAX',
    facts: {},
  });

export const urlRefused = (why: string): InvalidArgumentError =>
  InvalidArgumentError.of('url', why, { reason: 'WEBHOOK_URL_REFUSED', facts: {} });
