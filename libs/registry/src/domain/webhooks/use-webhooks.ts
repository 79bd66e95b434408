import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';
import { failureOf, isDelivered } from './attempt.ts';
import { openSecret } from './open-secret.ts';
import { bodyOf, exampleOf } from './registry-change.ts';
import { deliveryNotFound, webhookNotFound } from './webhook-errors.ts';
import type { WebhookDependencies, WebhookReads } from './webhook-ports.ts';
import { readEvent, type Webhook, type WebhookDelivery } from './webhook.ts';

async function find(reads: WebhookReads, id: string): Promise<Webhook> {
  const webhook = await reads.get(id);
  if (!webhook) throw webhookNotFound(id);
  return webhook;
}

/** @throws {NotFoundError} reason WEBHOOK_NOT_FOUND. */
export const getWebhook = ({ caller }: Call, id: string, { webhooks }: WebhookDependencies): Promise<Webhook> =>
  webhooks.read(caller, (reads) => find(reads, id));

export const listWebhooks = ({ caller }: Call, page: PageRequest, { webhooks }: WebhookDependencies) =>
  webhooks.read(caller, (reads) => reads.list(page));

/** @throws {NotFoundError} reason WEBHOOK_NOT_FOUND. */
export const listDeliveries = (
  { caller }: Call,
  webhookId: string,
  page: PageRequest,
  { webhooks }: WebhookDependencies,
): Promise<Page<WebhookDelivery>> =>
  webhooks.read(caller, async (reads) => {
    await find(reads, webhookId);
    return reads.deliveries(webhookId, page);
  });

/** Sends it again, with the same id and body. @throws {NotFoundError} reason WEBHOOK_DELIVERY_NOT_FOUND. */
export async function redeliver(
  call: Call,
  deliveryId: string,
  { webhooks, wake }: WebhookDependencies,
): Promise<WebhookDelivery> {
  const delivery = await webhooks.run(call, async (tx) => {
    const found = await tx.redeliver(deliveryId);
    if (!found) throw deliveryNotFound(deliveryId);
    tx.audit.add({
      action: 'registry.webhooks.redeliver',
      resource: `webhooks/${found.webhookId}`,
      details: { delivery: deliveryId },
    });
    return found;
  });
  wake();
  return delivery;
}

export interface TestResult {
  readonly success: boolean;
  readonly responseStatus: number;
  readonly responseBody: string;
  readonly errorMessage: string;
}

/** Sends an example once; it is in no log. @param event undefined for the first one of the webhook. @throws {NotFoundError} reason WEBHOOK_NOT_FOUND. */
export async function testWebhook(
  { caller }: Call,
  { id, event }: { id: string; event: { entity: string; action: string } | undefined },
  { webhooks, sender, secrets, clock, ids }: WebhookDependencies,
  signal: AbortSignal,
): Promise<TestResult> {
  const asked = event && readEvent(event, 'event');
  const { url, sealedSecret, events } = await webhooks.read(caller, (reads) => find(reads, id));
  const about = asked ?? events[0];
  if (!about) throw new Error(`webhook ${id} has no event`);
  const body = bodyOf(exampleOf(about), clock.now());
  const owner = { workspace: caller.workspace, webhookId: id };
  const secret = openSecret(secrets, sealedSecret, owner);
  if (typeof secret !== 'string')
    return { success: false, responseStatus: 0, responseBody: '', errorMessage: secret.message };
  const outcome = await sender.send({ id: ids.next(), body, secret, url }, signal);
  return {
    success: isDelivered(outcome),
    responseStatus: outcome.kind === 'answered' ? outcome.status : 0,
    responseBody: outcome.kind === 'answered' ? outcome.body : '',
    errorMessage: failureOf(outcome),
  };
}
