import type { IdSource, Micros } from '@slipway/kernel';
import type { SqlRunner, UnitOfWork } from '@slipway/persistence';
import type { Call } from '../domain/unit-of-work.ts';
import type { AttemptRecord } from '../domain/webhooks/attempt.ts';
import type { ClaimedDelivery, DeliveryQueue } from '../domain/webhooks/webhook-ports.ts';

/** Due deliveries that are looked at to find some of different webhooks. */
const CANDIDATES_MAX = 500;
const PRUNED_AT_ONCE = 1000;
const ERROR_CHARS_MAX = 1000;

interface Candidate {
  readonly workspace: string;
  readonly id: string;
  readonly webhookId: string;
}

interface QueueRow extends Candidate {
  readonly body: string;
  readonly attempts: number;
  readonly url: string;
  readonly sealedSecret: string;
}

export interface QueueOptions {
  readonly ids: IdSource;
  /** In whose name it works; it writes neither events nor audit rows. */
  readonly call: Call;
}

/** A delivery is taken by moving its due time to the end of the lease: a process that dies needs nobody to clean up after it. */
export const createDeliveryQueue = (unitOfWork: UnitOfWork, { ids, call }: QueueOptions): DeliveryQueue => ({
  claim: async ({ limit, perWebhook, leaseMs, busy }) => {
    const candidates = await unitOfWork.read(({ sql, now }) => readCandidates(sql, now, busy));
    const chosen = choose(candidates, limit, perWebhook);
    if (chosen.length === 0) return [];
    const lease = ids.next();
    const rows = await unitOfWork.run(call, async ({ sql, now }) => {
      const until = now + BigInt(Math.ceil(leaseMs)) * 1000n;
      for (const { workspace, id } of chosen) {
        await sql.run(
          `update registry_webhook_delivery set due_time = ?, lease = ?
           where workspace = ? and id = ? and state = 'pending' and due_time <= ?`,
          [until, lease, workspace, id, now],
        );
      }
      return readClaimed(sql, chosen, lease);
    });
    return rows.map((row) => ({ ...row, lease }));
  },
  finish: ({ workspace, id, lease }, record) =>
    unitOfWork.run(call, ({ sql }) => finish(sql, { workspace, id, lease }, record)),
  release: ({ workspace, id, lease }) =>
    unitOfWork.run(call, async ({ sql, now }) => {
      await sql.run(
        `update registry_webhook_delivery set due_time = ?, lease = '' where workspace = ? and id = ? and lease = ?`,
        [now, workspace, id, lease],
      );
    }),
  prune: (time) =>
    unitOfWork.run(call, ({ sql }) => {
      const old =
        'select d.workspace, d.id from registry_webhook_delivery d where d.create_time < ? and d.due_time < ?';
      return sql.run(
        `delete from registry_webhook_delivery where (workspace, id) in (${old} order by d.create_time limit ?)`,
        [time, time, PRUNED_AT_ONCE],
      );
    }),
});

function readCandidates(sql: SqlRunner, now: Micros, busy: readonly string[]): Promise<readonly Candidate[]> {
  const passed = busy.length === 0 ? '' : `and d.webhook_id not in (${busy.map(() => '?').join(', ')})`;
  return sql.all<Candidate>(
    `select d.workspace, d.id, d.webhook_id as "webhookId" from registry_webhook_delivery d
     where d.state = 'pending' and d.due_time <= ? ${passed} and exists
       (select 1 from registry_webhook w where w.workspace = d.workspace and w.id = d.webhook_id and w.active)
     order by d.due_time, d.id limit ?`,
    [now, ...busy, CANDIDATES_MAX],
  );
}

/** One receiver that is slow or has a lot to be told must not take all places. */
function choose(candidates: readonly Candidate[], limit: number, perWebhook: number): readonly Candidate[] {
  const taken = new Map<string, number>();
  const fair = candidates.filter(({ webhookId }) => {
    const before = taken.get(webhookId) ?? 0;
    taken.set(webhookId, before + 1);
    return before < perWebhook;
  });
  return fair.slice(0, limit);
}

async function readClaimed(sql: SqlRunner, chosen: readonly Candidate[], lease: string): Promise<readonly QueueRow[]> {
  const rows: QueueRow[] = [];
  for (const { workspace, id } of chosen) {
    const found = await sql.all<QueueRow>(
      `select d.workspace, d.id, d.webhook_id as "webhookId", d.body, d.attempts, w.url, w.secret as "sealedSecret"
       from registry_webhook_delivery d join registry_webhook w on w.workspace = d.workspace and w.id = d.webhook_id
       where d.workspace = ? and d.id = ? and d.lease = ?`,
      [workspace, id, lease],
    );
    rows.push(...found); // none when another process was faster
  }
  return rows;
}

async function finish(
  sql: SqlRunner,
  { workspace, id, lease }: Pick<ClaimedDelivery, 'workspace' | 'id' | 'lease'>,
  { state, attempts, responseStatus, errorMessage, attemptTime, dueTime }: AttemptRecord,
): Promise<void> {
  const told = errorMessage.slice(0, ERROR_CHARS_MAX).toWellFormed().replaceAll('\0', '');
  await sql.run(
    `update registry_webhook_delivery
     set state = ?, attempts = ?, response_status = ?, error_message = ?, attempt_time = ?, due_time = ?, lease = ''
     where workspace = ? and id = ? and lease = ?`,
    [state, attempts, responseStatus, told, attemptTime, dueTime, workspace, id, lease],
  );
}
