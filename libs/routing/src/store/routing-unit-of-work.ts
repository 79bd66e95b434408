import type { AssignmentKey } from '@slipway/assignments';
import { DEFAULT_WORKSPACE, type EventDefinition } from '@slipway/kernel';
import { UniqueViolationError, translateDatabaseError, type Transaction, type UnitOfWork } from '@slipway/persistence';
import { routingChanged } from '../domain/errors.ts';
import type { RoutingFact } from '../domain/facts.ts';
import type { Call, ExperimentRef, RoutingTransaction, RoutingUnitOfWork } from '../domain/unit-of-work.ts';
import { AnalysisRow, AssignmentKeyRow, DayRow, ExperimentRow, ObjectiveRow } from './entities.ts';
import { addExposures } from './exposures.ts';
import { UNTRACKED, routingReads } from './routing-reads.ts';
import { analysisRowOf, dayRowsOf, experimentRowOf, objectiveRowOf } from './rows.ts';

/** Turns a fact into an event; the wire form is not this folder's business. */
export type EncodeFact = (fact: RoutingFact) => { definition: EventDefinition<object>; payload: object };

const KEYS_MAX = 100;

/** @param ownCall of the service itself, for what belongs to no caller. */
export const createRoutingUnitOfWork = (
  unitOfWork: UnitOfWork,
  encodeFact: EncodeFact,
  ownCall: Call,
): RoutingUnitOfWork => ({
  run: (call, work) => unitOfWork.run(call, (tx) => work(routingTransaction(tx, encodeFact))),
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(routingReads(snapshot, workspace))),
  listUnattended: (after, limit) => unitOfWork.read(({ em }) => unattended(em, after, limit)),
  listKeys: () =>
    unitOfWork.read(async ({ em }): Promise<readonly AssignmentKey[]> => {
      const options = { orderBy: { createTime: 'desc', keyId: 'asc' }, limit: KEYS_MAX, ...UNTRACKED } as const;
      const rows = await em.find(AssignmentKeyRow, { workspace: DEFAULT_WORKSPACE }, options);
      return rows.map(({ keyId, publicKeyPem }) => ({ keyId, publicKeyPem }));
    }),
  addKey: ({ keyId, publicKeyPem }) =>
    unitOfWork.run(ownCall, async ({ sql, now }) => {
      await sql.run(
        `insert into routing_assignment_key (workspace, key_id, public_key_pem, create_time) values (?, ?, ?, ?)
         on conflict do nothing`,
        [DEFAULT_WORKSPACE, keyId, publicKeyPem, now],
      );
    }),
});

async function unattended(
  em: Transaction['em'],
  after: ExperimentRef | undefined,
  limit: number,
): Promise<readonly ExperimentRef[]> {
  const beyond = after && {
    $or: [{ workspace: { $gt: after.workspace } }, { workspace: after.workspace, id: { $gt: after.id } }],
  };
  const options = { orderBy: { workspace: 'asc', id: 'asc' }, limit, ...UNTRACKED } as const;
  const rows = await em.find(ExperimentRow, { unattended: true, ...beyond }, options);
  return rows.map(({ workspace, id }) => ({ workspace, id }));
}

function routingTransaction(tx: Transaction, encodeFact: EncodeFact): RoutingTransaction {
  const { workspace } = tx.context.caller;
  const { em } = tx;
  const reads = routingReads(tx, workspace);
  return {
    now: tx.now,
    ...writes(tx, reads, workspace),
    exposures: {
      ...reads.exposures,
      add: (experiment, exposures) => addExposures(tx, workspace, experiment, exposures),
    },
    days: {
      ...reads.days,
      add: async (experiment, days) => {
        const rows = days.flatMap((day) => dayRowsOf(workspace, experiment, day));
        if (rows.length > 0) await em.insertMany(DayRow, rows);
      },
    },
    analyses: {
      ...reads.analyses,
      insert: async (experiment, analysis) =>
        void (await em.insert(AnalysisRow, analysisRowOf(workspace, experiment, analysis))),
    },
    events: {
      add: (fact) => {
        const { definition, payload } = encodeFact(fact);
        tx.outbox.add(definition, payload);
      },
    },
    audit: { add: (entry) => tx.audit.add(entry) },
    once: (method, requestId, request, work) => tx.requests.once(method, requestId, request, work),
  };
}

const writes = (
  { em, sql }: Transaction,
  reads: ReturnType<typeof routingReads>,
  workspace: string,
): Pick<RoutingTransaction, 'objectives' | 'experiments'> => ({
  objectives: {
    ...reads.objectives,
    lock: async (name) => {
      // an update waits for the one before on both databases
      await sql.run('update routing_objective set revision = revision where workspace = ? and name = ?', [
        workspace,
        name,
      ]);
      return reads.objectives.get(name);
    },
    insert: async (objective) => {
      try {
        await em.insert(ObjectiveRow, objectiveRowOf(workspace, objective));
      } catch (error) {
        const translated = translateDatabaseError(error);
        if (translated instanceof UniqueViolationError) throw routingChanged(`objective '${objective.name}'`);
        throw translated;
      }
    },
    replace: async (objective) => {
      const { workspace: _, name, ...fields } = objectiveRowOf(workspace, objective);
      await em.nativeUpdate(ObjectiveRow, { workspace, name }, fields);
    },
  },
  experiments: {
    ...reads.experiments,
    insert: async (experiment) => void (await em.insert(ExperimentRow, experimentRowOf(workspace, experiment))),
    replace: async (next) => {
      const { workspace: _, id, ...fields } = experimentRowOf(workspace, next);
      const before = { workspace, id, sequence: next.sequence - 1n };
      if ((await em.nativeUpdate(ExperimentRow, before, fields)) === 0) throw routingChanged(`experiment '${id}'`);
    },
  },
});
