import type {
  Webhook as WebhookMessage,
  WebhookDelivery as WebhookDeliveryMessage,
  WebhookDeliveryState,
  WebhookService,
} from '@slipway/contracts/slipway.registry.v1';
import type { Handlers } from '@slipway/platform';
import { createWebhook, deleteWebhook, updateWebhook } from '../domain/webhooks/change-webhooks.ts';
import { getWebhook, listDeliveries, listWebhooks, redeliver, testWebhook } from '../domain/webhooks/use-webhooks.ts';
import type { WebhookDependencies } from '../domain/webhooks/webhook-ports.ts';
import type { DeliveryState, Webhook, WebhookDelivery } from '../domain/webhooks/webhook.ts';
import { callOf, nextPageToken, pageOf } from './from-proto.ts';
import { toTimestamp } from './to-proto.ts';

/** One plain function per method of `slipway.registry.v1.WebhookService`. */
export const webhookHandlers = (deps: WebhookDependencies): Handlers<WebhookService> => ({
  createWebhook: async ({ paused, request_id: requestId, ...draft }, context) => {
    const wanted = { ...draft, active: !paused, requestId };
    return { webhook: toWebhookMessage(await createWebhook(callOf(context), wanted, deps, context.signal)) };
  },
  getWebhook: async ({ id }, context) => ({ webhook: toWebhookMessage(await getWebhook(callOf(context), id, deps)) }),
  listWebhooks: async (request, context) => {
    const page = await listWebhooks(callOf(context), pageOf(request), deps);
    return { webhooks: page.items.map(toWebhookMessage), ...nextPageToken(page) };
  },
  updateWebhook: async ({ id, name, url, events, description, secret, active }, context) => {
    const edit = { id, name, url, events, description, secret, active };
    return { webhook: toWebhookMessage(await updateWebhook(callOf(context), edit, deps, context.signal)) };
  },
  deleteWebhook: async ({ id }, context) => {
    await deleteWebhook(callOf(context), id, deps);
    return {};
  },
  testWebhook: async ({ id, event }, context) => {
    const asked = event ?? undefined;
    const result = await testWebhook(callOf(context), { id, event: asked }, deps, context.signal);
    return {
      success: result.success,
      response_status: result.responseStatus,
      response_body: result.responseBody,
      error_message: result.errorMessage,
    };
  },
  listWebhookDeliveries: async (request, context) => {
    const page = await listDeliveries(callOf(context), request.webhook_id, pageOf(request), deps);
    return { deliveries: page.items.map(toDeliveryMessage), ...nextPageToken(page) };
  },
  redeliverWebhook: async ({ delivery_id: id }, context) => ({
    delivery: toDeliveryMessage(await redeliver(callOf(context), id, deps)),
  }),
});

/** Its secret is never told. */
const toWebhookMessage = (webhook: Webhook): WebhookMessage => ({
  id: webhook.id,
  name: webhook.name,
  url: webhook.url,
  events: webhook.events.map(({ entity, action }) => ({ entity, action })),
  description: webhook.description,
  active: webhook.active,
  create_time: toTimestamp(webhook.createTime),
  update_time: toTimestamp(webhook.updateTime),
  principal: webhook.principal,
});

const STATES: Record<DeliveryState, WebhookDeliveryState> = {
  pending: 'WEBHOOK_DELIVERY_STATE_PENDING',
  delivered: 'WEBHOOK_DELIVERY_STATE_DELIVERED',
  failed: 'WEBHOOK_DELIVERY_STATE_FAILED',
};

const toDeliveryMessage = (delivery: WebhookDelivery): WebhookDeliveryMessage => ({
  id: delivery.id,
  webhook_id: delivery.webhookId,
  event: { ...delivery.event },
  body: delivery.body,
  state: STATES[delivery.state],
  attempts: delivery.attempts,
  response_status: delivery.responseStatus,
  error_message: delivery.errorMessage,
  create_time: toTimestamp(delivery.createTime),
  ...(delivery.attemptTime === undefined ? {} : { attempt_time: toTimestamp(delivery.attemptTime) }),
});
