import { LockMode } from '@mikro-orm/core';
import { pageOf, pageQuery, type Keyset, type Snapshot, type Transaction, type UnitOfWork } from '@slipway/persistence';
import type { PageRequest } from '../domain/paging.ts';
import type { WebhookReads, WebhookStore, WebhookTransaction } from '../domain/webhooks/webhook-ports.ts';
import { UNTRACKED } from './registry-reads.ts';
import { WebhookDeliveryRow, WebhookRow, type WebhookDeliveryRecord, type WebhookRecord } from './webhook-entities.ts';
import { deliveryOf, webhookOf, webhookRowOf } from './webhook-rows.ts';

/** Webhooks in the database of the registry. */
export const createWebhookStore = (unitOfWork: UnitOfWork): WebhookStore => ({
  run: (call, work) => unitOfWork.run(call, (tx) => work(webhookTransaction(tx))),
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(webhookReads(snapshot, workspace))),
});

function webhookReads({ em }: Pick<Snapshot, 'em'>, workspace: string): WebhookReads {
  return {
    get: async (id) => {
      const row = await em.findOne(WebhookRow, { workspace, id }, UNTRACKED);
      return row ? webhookOf(row) : undefined;
    },
    list: async (page) => {
      const keyset: Keyset<WebhookRecord> = {
        workspace,
        list: 'webhooks',
        filter: [],
        fields: { id: 'string' }, // ids sort by the time they were made
        descending: false,
        keyOf: ({ id }) => [id],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const rows = await em.find(WebhookRow, { workspace, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, webhookOf);
    },
    deliveries: (webhookId, page) => listDeliveries({ em }, workspace, webhookId, page),
  };
}

/** Bodies may be large: a page has at most this many, and ends early when they have more bytes together. */
const PAGE_DELIVERIES_MAX = 100;
const PAGE_BYTES_MAX = 2 * 1024 * 1024;

async function listDeliveries(
  { em }: Pick<Snapshot, 'em'>,
  workspace: string,
  webhookId: string,
  { pageSize, pageToken }: PageRequest,
): ReturnType<WebhookReads['deliveries']> {
  const keyset: Keyset<WebhookDeliveryRecord> = {
    workspace,
    list: 'webhook deliveries',
    filter: [webhookId],
    fields: { createTime: 'bigint', id: 'string' },
    descending: true,
    keyOf: ({ createTime, id }) => [createTime, id],
  };
  const wanted = { pageSize: Math.min(pageSize, PAGE_DELIVERIES_MAX), pageToken };
  const { where, ...query } = pageQuery(keyset, wanted);
  const rows = await em.find(WebhookDeliveryRow, { workspace, webhookId, ...where }, { ...query, ...UNTRACKED });
  let bytes = 0;
  const tooMany = rows.findIndex(({ body }) => (bytes += Buffer.byteLength(body)) > PAGE_BYTES_MAX);
  const fitting = tooMany === -1 ? wanted.pageSize : Math.max(1, tooMany);
  return pageOf(rows, keyset, { ...wanted, pageSize: Math.min(wanted.pageSize, fitting) }, deliveryOf);
}

function webhookTransaction(tx: Transaction): WebhookTransaction {
  const { em, sql } = tx;
  const { workspace } = tx.context.caller;
  return {
    ...webhookReads(tx, workspace),
    now: tx.now,
    lockCount: async () => {
      if (sql.dialect === 'postgresql') {
        await sql.all('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`registry webhooks of ${workspace}`]);
      }
      return em.count(WebhookRow, { workspace });
    },
    lock: async (id) => {
      const options = { lockMode: LockMode.PESSIMISTIC_WRITE, ...UNTRACKED };
      const row = await em.findOne(WebhookRow, { workspace, id }, options);
      return row ? webhookOf(row) : undefined;
    },
    insert: async (webhook) => void (await em.insert(WebhookRow, webhookRowOf(workspace, webhook))),
    update: async (webhook) => {
      const { workspace: _, id, ...fields } = webhookRowOf(workspace, webhook);
      await em.nativeUpdate(WebhookRow, { workspace, id }, fields);
    },
    delete: async (id) => {
      await em.nativeDelete(WebhookDeliveryRow, { workspace, webhookId: id });
      await em.nativeDelete(WebhookRow, { workspace, id });
    },
    redeliver: async (id) => {
      const again = { state: 'pending', attempts: 0, dueTime: tx.now, lease: '' };
      await em.nativeUpdate(WebhookDeliveryRow, { workspace, id }, again);
      const row = await em.findOne(WebhookDeliveryRow, { workspace, id }, UNTRACKED);
      return row ? deliveryOf(row) : undefined;
    },
    audit: { add: (entry) => tx.audit.add(entry) },
    once: (method, requestId, request, work) => tx.requests.once(method, requestId, request, work),
  };
}
