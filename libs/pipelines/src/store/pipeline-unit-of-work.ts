import type { EventDefinition } from '@slipway/kernel';
import type { SqlRunner, Transaction, UnitOfWork } from '@slipway/persistence';
import type { PipelineFact } from '../domain/facts.ts';
import { isEnded } from '../domain/run.ts';
import type { PipelineReads, PipelineTransaction, PipelineUnitOfWork } from '../domain/unit-of-work.ts';
import { PipelineRow, RevisionRow, RunRow, StepRow, TriggerRow } from './entities.ts';
import { pipelineReads, UNTRACKED } from './pipeline-reads.ts';
import { runChangeOf, runRowOf, stepRowOf, triggerRowOf } from './rows.ts';

/** Turns a fact into an event; the wire form is not this folder's business. */
export type EncodeFact = (fact: PipelineFact) => { definition: EventDefinition<object>; payload: object };

/** The state of pipelines in a database. */
export const createPipelineUnitOfWork = (unitOfWork: UnitOfWork, encodeFact: EncodeFact): PipelineUnitOfWork => ({
  run: (call, work) => unitOfWork.run(call, (tx) => work(pipelineTransaction(tx, encodeFact))),
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(pipelineReads(snapshot, workspace))),
});

/** The same within a transaction that is open already, e.g. that of an event. */
export function pipelineTransaction(tx: Transaction, encodeFact: EncodeFact): PipelineTransaction {
  const { workspace } = tx.context.caller;
  const { em } = tx;
  const reads = pipelineReads(tx, workspace);
  return {
    now: tx.now,
    pipelines: {
      ...reads.pipelines,
      lock: (name) => lockPipeline(tx, workspace, name),
      put: async (revision) => {
        await em.insert(RevisionRow, { workspace, ...revision });
        const row = { workspace, name: revision.name, revision: revision.revision, isDeleted: false };
        await em.upsert(PipelineRow, row, UNTRACKED);
      },
      delete: async (name) => void (await em.nativeUpdate(PipelineRow, { workspace, name }, { isDeleted: true })),
    },
    runs: runWrites(tx, workspace, reads.runs),
    triggers: {
      ...reads.triggers,
      put: async (state) => void (await em.upsert(TriggerRow, triggerRowOf(workspace, state), UNTRACKED)),
      delete: async (pipeline, name) => void (await em.nativeDelete(TriggerRow, { workspace, pipeline, name })),
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

function runWrites(
  { em, sql }: Transaction,
  workspace: string,
  reads: PipelineReads['runs'],
): PipelineTransaction['runs'] {
  /** An update of the row waits for the one before on both databases. */
  const touch = (where: string, values: readonly (string | bigint)[]): Promise<number> =>
    sql.run(`update pipelines_run set epoch = epoch where workspace = ? and ${where}`, [workspace, ...values]);
  const free = (id: string) =>
    sql.run("update pipelines_run set lease_owner = '', lease_until = 0 where workspace = ? and id = ?", [
      workspace,
      id,
    ]);
  const grow = (id: string): Promise<number> =>
    sql.run('update pipelines_run set change = change + 1 where workspace = ? and id = ?', [workspace, id]);
  return {
    ...reads,
    hasCause: async (pipeline, trigger, cause) => (await em.count(RunRow, { workspace, pipeline, trigger, cause })) > 0,
    insert: async (run, steps, cause) => {
      const row = runRowOf(workspace, run);
      await em.insert(RunRow, { ...row, cause, leaseOwner: '', leaseUntil: 0n });
      for (const [position, step] of steps.entries()) {
        const { name, kind } = step;
        const fixed = { workspace, run: run.id, name, kind, position: BigInt(position) };
        await em.insert(StepRow, { ...fixed, ...stepRowOf(step) });
      }
    },
    lock: async (id) => ((await touch('id = ?', [id])) === 1 ? reads.get(id) : undefined),
    held: async ({ id, owner, epoch }) => {
      const isOurs = "id = ? and lease_owner = ? and epoch = ? and state in ('running', 'waiting')";
      return (await touch(isOurs, [id, owner, epoch])) === 1 ? reads.get(id) : undefined;
    },
    put: async (run) => {
      await em.nativeUpdate(RunRow, { workspace, id: run.id }, runChangeOf(run));
      await grow(run.id);
      if (isEnded(run.state)) await free(run.id);
    },
    putStep: async (run, step) => {
      await em.nativeUpdate(StepRow, { workspace, run, name: step.name }, stepRowOf(step));
      await grow(run);
    },
    free: async (id) => void (await free(id)),
  };
}

/** The row is made by whoever comes first; an update of it waits for the one before on both databases. */
async function lockPipeline(
  { sql, em }: Pick<Transaction, 'sql' | 'em'>,
  workspace: string,
  name: string,
): Promise<{ revision: bigint; isDeleted: boolean }> {
  await insertUnlessThere(sql, workspace, name);
  const row = await em.findOne(PipelineRow, { workspace, name }, UNTRACKED);
  return { revision: row?.revision ?? 0n, isDeleted: row?.isDeleted ?? true };
}

const insertUnlessThere = (sql: SqlRunner, workspace: string, name: string): Promise<number> =>
  sql.run(
    `insert into pipelines_pipeline (workspace, name, revision, is_deleted)
     values (?, ?, 0, ${sql.dialect === 'sqlite' ? '1' : 'true'})
     on conflict (workspace, name) do update set revision = pipelines_pipeline.revision`,
    [workspace, name],
  );
