import { AsyncLocalStorage } from 'node:async_hooks';
import type { IdSource, Random } from '@slipway/kernel';
import { AuditWriter } from '../audit/audit-writer.ts';
import { isWorthRepeating, translateDatabaseError } from '../database/database-errors.ts';
import type { Database, Session } from '../database/open-database.ts';
import { OutboxWriter } from '../outbox/outbox-writer.ts';
import { createRequests } from './once-per-request.ts';
import type { Inbox, Snapshot, Transaction, UnitOfWork, UnitOfWorkContext } from './transaction.ts';

/** Steps at which a kill test ends the process. */
export type CommitStep = 'work-done' | 'before-commit' | 'after-commit';

export interface UnitOfWorkDependencies {
  readonly database: Database;
  readonly ids: IdSource;
  readonly random: Random;
  /** Called after a commit that left events in the outbox; wakes the relay. Must not throw. */
  readonly onEvents?: () => void;
  /** For kill tests. */
  readonly atStep?: (step: CommitStep) => void;
}

/** Enough for a queue of writers at one row; past it the caller learns of the conflict. */
const ATTEMPTS_MAX = 8;
const BACKOFF_MS_MAX = 250;

export function createUnitOfWork(dependencies: UnitOfWorkDependencies): UnitOfWork {
  const { database, random } = dependencies;
  const nesting = new AsyncLocalStorage<{ open: boolean }>();
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    if (nesting.getStore()?.open) {
      // On SQLite it would wait for itself for ever; on PostgreSQL it could drain the pool.
      throw new Error('a unit of work is running already: pass its transaction on instead of beginning another one');
    }
    const mark = { open: true };
    try {
      return await nesting.run(mark, work);
    } finally {
      mark.open = false; // work left behind by the callback may begin its own
    }
  };
  const repeat = async <T>(attempt: () => Promise<T>): Promise<T> => {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isWorthRepeating(error) || attempts >= ATTEMPTS_MAX) throw error;
        const jitter = ((random.bytes(1)[0] ?? 0) + 1) / 256;
        await database.clock.sleep(Math.min(BACKOFF_MS_MAX, 5 * 2 ** attempts) * jitter);
      }
    }
  };
  return {
    run: (context, work) => alone(() => repeat(() => runOnce(dependencies, context, work))),
    read: (work) =>
      alone(() => repeat(() => database.read((session) => work({ ...session, now: database.clock.now() })))),
  };
}

async function runOnce<T>(
  { database, ids, onEvents, atStep }: UnitOfWorkDependencies,
  context: UnitOfWorkContext,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const now = database.clock.now();
  const outbox = new OutboxWriter(context, now, ids);
  const audit = new AuditWriter(context, now);
  const result = await database.write(async (session) => {
    const answer = await work(createTransaction(session, { context, now, outbox, audit }));
    await session.em.flush();
    atStep?.('work-done');
    await outbox.write(session.sql);
    await audit.write(session.sql);
    atStep?.('before-commit');
    return answer;
  });
  atStep?.('after-commit');
  if (outbox.count > 0) onEvents?.();
  return result;
}

function createTransaction(
  session: Session,
  parts: Pick<Transaction, 'context' | 'outbox' | 'audit'> & Pick<Snapshot, 'now'>,
): Transaction {
  return {
    ...session,
    ...parts,
    requests: createRequests(session, parts.context, parts.now),
    inbox: createInbox(session, parts.context.caller.workspace, parts.now),
    flush: async () => {
      try {
        await session.em.flush();
      } catch (error) {
        throw translateDatabaseError(error);
      }
    },
  };
}

const createInbox = ({ sql }: Session, workspace: string, now: bigint): Inbox => ({
  firstTime: async (consumer, eventId) => {
    const inserted = await sql.run(
      'insert into slipway_inbox (workspace, consumer, event_id, received_at) values (?, ?, ?, ?) on conflict do nothing',
      [workspace, consumer, eventId, now],
    );
    return inserted === 1;
  },
});
