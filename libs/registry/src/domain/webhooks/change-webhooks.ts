import type { Call } from '../unit-of-work.ts';
import { webhookNotFound, webhooksMax } from './webhook-errors.ts';
import type { WebhookDependencies } from './webhook-ports.ts';
import { assertName, readEvents, WEBHOOKS_MAX, type Webhook } from './webhook.ts';

type GivenEvents = readonly { entity: string; action: string }[];

export interface CreateWebhook {
  readonly name: string;
  readonly url: string;
  readonly events: GivenEvents;
  readonly description: string;
  readonly secret: string;
  readonly active: boolean;
  readonly requestId: string;
}

/** @throws {InvalidArgumentError} on name, url or events. @throws {ExhaustedError} reason WEBHOOKS_MAX. */
export async function createWebhook(
  call: Call,
  { requestId, ...draft }: CreateWebhook,
  { webhooks, sender, secrets, ids }: WebhookDependencies,
  signal: AbortSignal,
): Promise<Webhook> {
  assertName(draft.name);
  const events = readEvents(draft.events);
  await sender.check(draft.url, signal);
  return webhooks.run(call, async (tx) => {
    const { secret, ...rest } = draft; // which is in no record of requests, not even as a digest
    const request = { ...rest, signed: secret !== '' };
    const id = await tx.once('registry.CreateWebhook', requestId, request, async () => {
      if ((await tx.lockCount()) >= WEBHOOKS_MAX) throw webhooksMax();
      const { now } = tx;
      const id = ids.next();
      const made = {
        ...rest,
        events,
        id,
        sealedSecret: secrets.seal(secret, { workspace: call.caller.workspace, webhookId: id }),
        principal: call.caller.principal,
        createTime: now,
        updateTime: now,
      };
      await tx.insert(made);
      tx.audit.add({ action: 'registry.webhooks.create', resource: `webhooks/${id}`, details: { host: hostOf(made) } });
      return id;
    });
    const webhook = await tx.get(id);
    if (!webhook) throw webhookNotFound(id);
    return webhook;
  });
}

export interface UpdateWebhook {
  readonly id: string;
  readonly name: string | undefined;
  readonly url: string | undefined;
  /** Empty leaves them. */
  readonly events: GivenEvents;
  readonly description: string | undefined;
  /** Empty removes it. */
  readonly secret: string | undefined;
  readonly active: boolean | undefined;
}

/** What is undefined stays. @throws {InvalidArgumentError} on name, url or events. @throws {NotFoundError} reason WEBHOOK_NOT_FOUND. */
export async function updateWebhook(
  call: Call,
  edit: UpdateWebhook,
  { webhooks, sender, secrets, wake }: WebhookDependencies,
  signal: AbortSignal,
): Promise<Webhook> {
  if (edit.name !== undefined) assertName(edit.name);
  const events = edit.events.length === 0 ? undefined : readEvents(edit.events);
  if (edit.url !== undefined) await sender.check(edit.url, signal);
  const owner = { workspace: call.caller.workspace, webhookId: edit.id };
  const webhook = await webhooks.run(call, async (tx) => {
    const current = await tx.lock(edit.id);
    if (!current) throw webhookNotFound(edit.id);
    const next: Webhook = {
      ...current,
      name: edit.name ?? current.name,
      url: edit.url ?? current.url,
      events: events ?? current.events,
      description: edit.description ?? current.description,
      sealedSecret: edit.secret === undefined ? current.sealedSecret : secrets.seal(edit.secret, owner),
      active: edit.active ?? current.active,
      updateTime: tx.now,
    };
    await tx.update(next);
    tx.audit.add({
      action: 'registry.webhooks.update',
      resource: `webhooks/${next.id}`,
      details: { host: hostOf(next) },
    });
    return next;
  });
  wake();
  return webhook;
}

/** Paths and queries of webhooks may hold tokens; they are not for the audit log. */
const hostOf = ({ url }: Webhook): string => new URL(url).host;

/** What was not delivered is dropped. @throws {NotFoundError} reason WEBHOOK_NOT_FOUND. */
export async function deleteWebhook(call: Call, id: string, { webhooks }: WebhookDependencies): Promise<void> {
  await webhooks.run(call, async (tx) => {
    if (!(await tx.lock(id))) throw webhookNotFound(id);
    await tx.delete(id);
    tx.audit.add({ action: 'registry.webhooks.delete', resource: `webhooks/${id}`, details: {} });
  });
}
