import type { Webhook, WebhookDelivery, WebhookEvent } from '../domain/webhooks/webhook.ts';
import type { WebhookDeliveryRecord, WebhookRecord } from './webhook-entities.ts';
import type { WebhookSecrets } from './webhook-secrets.ts';

export const webhookOf = (row: WebhookRecord, secrets: WebhookSecrets): Webhook => ({
  id: row.id,
  name: row.name,
  url: row.url,
  events: row.events,
  description: row.description,
  secret: secrets.open(row.secret, [row.workspace, row.id]),
  active: row.active,
  principal: row.principal,
  createTime: row.createTime,
  updateTime: row.updateTime,
});

export const webhookRowOf = (workspace: string, webhook: Webhook, secrets: WebhookSecrets) => ({
  ...webhook,
  workspace,
  events: webhook.events.map(({ entity, action }) => ({ entity, action })),
  secret: secrets.seal(webhook.secret, [workspace, webhook.id]),
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
