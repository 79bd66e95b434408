import type { EventDefinition } from '@slipway/kernel';
import type { Transaction, UnitOfWork } from '@slipway/persistence';
import type { MonitoringFact } from '../domain/facts.ts';
import type { MonitoringTransaction, MonitoringUnitOfWork } from '../domain/unit-of-work.ts';
import { addOutcomeBlock, addPredictionBlock } from './block-rows.ts';
import { AlertRow, ExperimentSumsRow, MonitorRow, ProfileRow } from './entities.ts';
import { monitoringReads, UNTRACKED } from './monitoring-reads.ts';
import { alertRowOf, jsonText, monitorRowOf, toJson } from './rows.ts';

/** Turns a fact into events; the wire form is not this folder's business. */
export type EncodeFact = (fact: MonitoringFact) => { definition: EventDefinition<object>; payload: object };

/** The monitor's state in a database. */
export const createMonitoringUnitOfWork = (unitOfWork: UnitOfWork, encodeFact: EncodeFact): MonitoringUnitOfWork => ({
  run: (call, work) => unitOfWork.run(call, (tx) => work(monitoringTransaction(tx, encodeFact))),
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(monitoringReads(snapshot, workspace))),
});

function monitoringTransaction(tx: Transaction, encodeFact: EncodeFact): MonitoringTransaction {
  const { workspace } = tx.context.caller;
  const { em, sql } = tx;
  const reads = monitoringReads(tx, workspace);
  return {
    now: tx.now,
    ...changes(tx, workspace, reads),
    profiles: {
      ...reads.profiles,
      put: async ({ model, version, digest }, stored) => {
        const row = { workspace, model, version: BigInt(version), digest, ...stored };
        await em.upsert(ProfileRow, row, UNTRACKED);
      },
    },
    alerts: {
      ...reads.alerts,
      insert: async (alert) => void (await em.insert(AlertRow, alertRowOf(workspace, alert))),
      update: async ({ id }, { lastDay, open }) => {
        await em.nativeUpdate(AlertRow, { workspace, id }, { lastDay, open });
      },
    },
    days: {
      ...reads.days,
      putStats: async (objective, stats) => {
        const key = [workspace, objective, stats.day];
        const text = jsonText(stats);
        await sql.run('update monitoring_day set stats = ? where workspace = ? and objective = ? and day = ?', [
          text,
          ...key,
        ]);
      },
      close: async (objective, day, main) => {
        const yes = sql.dialect === 'sqlite' ? 1 : 'true';
        await sql.run(
          `update monitoring_day set closed = ${yes}, main_model = ?, main_version = ?, main_digest = ?
           where workspace = ? and objective = ? and day = ?`,
          [main?.model ?? null, main?.version ?? null, main?.digest ?? null, workspace, objective, day],
        );
      },
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

function changes(
  { em, sql }: Transaction,
  workspace: string,
  reads: ReturnType<typeof monitoringReads>,
): Pick<MonitoringTransaction, 'monitors' | 'blocks' | 'experiments'> {
  return {
    monitors: {
      ...reads.monitors,
      lock: async (objective) => {
        // an update that changes nothing waits for the one before on both databases
        const where = [workspace, objective];
        await sql.run('update monitoring_monitor set revision = revision where workspace = ? and objective = ?', where);
        return reads.monitors.get(objective);
      },
      put: async (monitor) => void (await em.upsert(MonitorRow, monitorRowOf(workspace, monitor), UNTRACKED)),
      advance: async ({ objective, revision, evaluatedUntil }, until) => {
        const known = evaluatedUntil === undefined ? 'evaluated_until is null' : 'evaluated_until = ?';
        const parameters = [
          until,
          workspace,
          objective,
          revision,
          ...(evaluatedUntil === undefined ? [] : [evaluatedUntil]),
        ];
        const changed = await sql.run(
          `update monitoring_monitor set evaluated_until = ?
           where workspace = ? and objective = ? and revision = ? and ${known}`,
          parameters,
        );
        return changed === 1;
      },
    },
    blocks: {
      ...reads.blocks,
      addPredictions: (block) => addPredictionBlock(sql, workspace, block),
      addOutcomes: (block) => addOutcomeBlock(sql, workspace, block),
    },
    experiments: {
      ...reads.experiments,
      putSums: async (key, { fingerprint, completeFrom, sums }) => {
        const row = { workspace, ...key, fingerprint, completeFrom, sums: toJson(sums) };
        await em.upsert(ExperimentSumsRow, row, UNTRACKED);
      },
    },
  };
}
