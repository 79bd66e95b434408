import type { Webhook, WebhookDelivery, WebhookEvent } from '../domain/webhooks/webhook.ts';
import type { WebhookDeliveryRecord, WebhookRecord } from './webhook-entities.ts';

export const webhookOf = (row: WebhookRecord): Webhook => ({
  id: row.id,
  name: row.name,
  url: row.url,
  events: row.events,
  description: row.description,
  sealedSecret: row.secret,
  active: row.active,
  principal: row.principal,
  createTime: row.createTime,
  updateTime: row.updateTime,
});

export const webhookRowOf = (workspace: string, { sealedSecret, ...webhook }: Webhook) => ({
  ...webhook,
  workspace,
  events: webhook.events.map(({ entity, action }) => ({ entity, action })),
  secret: sealedSecret,
});

/** Columns hold what this store wrote. */
export const deliveryOf = (row: WebhookDeliveryRecord): WebhookDelivery => ({
  id: row.id,
  webhookId: row.webhookId,
  event: { entity: row.entity, action: row.action } as WebhookEvent,
  body: row.body,
  state: row.state as WebhookDelivery['state'],
  attempts: row.attempts,
  responseStatus: row.responseStatus,
  errorMessage: row.errorMessage,
  createTime: row.createTime,
  attemptTime: row.attemptTime ?? undefined,
});
