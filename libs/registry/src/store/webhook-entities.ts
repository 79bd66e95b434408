import { defineEntity, p, type InferEntity } from '@mikro-orm/core';
import { columns } from '@slipway/persistence';
import type { WebhookEvent } from '../domain/webhooks/webhook.ts';

/** A body holds all tags of a version. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

type StoredEvents = { readonly entity: WebhookEvent['entity']; readonly action: WebhookEvent['action'] }[];

export const WebhookRow = defineEntity({
  name: 'WebhookRow',
  tableName: 'registry_webhook',
  properties: {
    workspace: columns.workspace(),
    id: columns.text(64).primary(),
    name: columns.text(63),
    url: columns.text(2000),
    events: columns.json<StoredEvents>(8192),
    description: columns.text(8192),
    /** Sealed, see `WebhookSecrets`; empty for none. */
    secret: columns.text(4096),
    active: p.boolean(),
    principal: columns.text(1024),
    createTime: columns.micros(),
    updateTime: columns.micros(),
  },
});

export const WebhookDeliveryRow = defineEntity({
  name: 'WebhookDeliveryRow',
  tableName: 'registry_webhook_delivery',
  properties: {
    workspace: columns.workspace(),
    id: columns.text(64).primary(),
    webhookId: columns.text(64),
    entity: columns.text(64),
    action: columns.text(64),
    body: columns.text(BODY_BYTES_MAX),
    state: columns.text(16),
    attempts: p.integer(),
    responseStatus: p.integer(),
    errorMessage: columns.text(4096),
    createTime: columns.micros(),
    attemptTime: columns.micros().nullable(),
    /** When it is to be sent; while it is being sent, when its lease ends. */
    dueTime: columns.micros(),
    /** Of who is sending it; empty when nobody is. */
    lease: columns.text(64),
  },
  indexes: [
    { name: 'registry_webhook_delivery_log', properties: ['workspace', 'webhookId', 'createTime', 'id'] },
    { name: 'registry_webhook_delivery_due', properties: ['state', 'dueTime'] },
    { name: 'registry_webhook_delivery_age', properties: ['createTime'] },
  ],
});

export const webhookEntities = [WebhookRow, WebhookDeliveryRow];

export type WebhookRecord = InferEntity<typeof WebhookRow>;
export type WebhookDeliveryRecord = InferEntity<typeof WebhookDeliveryRow>;
