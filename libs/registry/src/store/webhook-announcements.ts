import type { IdSource } from '@slipway/kernel';
import type { Transaction } from '@slipway/persistence';
import { bodyOf, type RegistryChange } from '../domain/webhooks/registry-change.ts';
import { isAbout } from '../domain/webhooks/webhook.ts';
import { UNTRACKED } from './registry-reads.ts';
import { WebhookDeliveryRow, WebhookRow } from './webhook-entities.ts';

/** What telling of changes needs besides their transaction. */
export interface Announcements {
  readonly ids: IdSource;
  /** Called after a commit that left something to send. */
  readonly wake: () => void;
}

const ROWS_PER_STATEMENT = 100;

/** Writes down, for each webhook that wants to know, what a transaction changed. @returns how many deliveries that are. */
export async function announceChanges(
  { em, now }: Transaction,
  workspace: string,
  changes: readonly RegistryChange[],
  ids: IdSource,
): Promise<number> {
  if (changes.length === 0) return 0;
  const webhooks = await em.find(WebhookRow, { workspace, active: true }, { orderBy: { id: 'asc' }, ...UNTRACKED });
  const rows = changes.flatMap((change) =>
    webhooks
      .filter(({ events }) => isAbout(events, change.event))
      .map((webhook) => ({
        workspace,
        id: ids.next(),
        webhookId: webhook.id,
        ...change.event,
        body: bodyOf(change, now),
        state: 'pending',
        attempts: 0,
        responseStatus: 0,
        errorMessage: '',
        createTime: now,
        attemptTime: null,
        dueTime: now,
        lease: '',
      })),
  );
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await em.insertMany(WebhookDeliveryRow, rows.slice(start, start + ROWS_PER_STATEMENT));
  }
  return rows.length;
}
