import type { EventDefinition } from '@slipway/kernel';
import { pageOf, pageQuery, type Keyset, type Snapshot, type Transaction, type UnitOfWork } from '@slipway/persistence';
import type { BatchFact } from '../domain/facts.ts';
import { PARTITIONS_MAX } from '../domain/plan-partitions.ts';
import { WORKING_STATES } from '../domain/scoring-job.ts';
import type { BatchReads, BatchTransaction, BatchUnitOfWork, JobAtWork } from '../domain/unit-of-work.ts';
import { JobRow, LaneRow, PartitionRow, type JobRecord, type PartitionRecord } from './entities.ts';
import { jobOf, jobRowOf, partitionOf, partitionRowOf } from './rows.ts';

/** Rows are read as values: a change goes through its own statement, so there is nothing to track. */
const UNTRACKED = { disableIdentityMap: true } as const;
const INSERT_ROWS = 500;

/** Turns a fact into an event; the wire form is not this folder's business. */
export type EncodeFact = (fact: BatchFact) => { definition: EventDefinition<object>; payload: object };

/** The state of scoring jobs in a database. */
export const createBatchUnitOfWork = (unitOfWork: UnitOfWork, encodeFact: EncodeFact): BatchUnitOfWork => ({
  run: (call, work) => unitOfWork.run(call, (tx) => work(batchTransaction(tx, encodeFact))),
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(batchReads(snapshot, workspace))),
  atWork: (limit) =>
    unitOfWork.read(async ({ em }): Promise<readonly JobAtWork[]> => {
      const fields = ['workspace', 'id', 'operationId'] as const;
      const found = await em.find(JobRow, { state: { $in: [...WORKING_STATES] } }, { fields, limit, ...UNTRACKED });
      return found.map(({ workspace, id, operationId }) => ({ workspace, id, operationId }));
    }),
});

function batchTransaction(tx: Transaction, encodeFact: EncodeFact): BatchTransaction {
  const { workspace } = tx.context.caller;
  const { em, sql } = tx;
  const reads = batchReads(tx, workspace);
  return {
    now: tx.now,
    lock: async (job) => {
      // an update waits for the one before, on both databases
      await sql.run('update batch_job set partitions = partitions where workspace = ? and id = ?', [workspace, job]);
    },
    jobs: {
      ...reads.jobs,
      insert: async (job) => void (await em.insert(JobRow, jobRowOf(workspace, job))),
      put: async (job) => void (await em.upsert(JobRow, jobRowOf(workspace, job), UNTRACKED)),
    },
    lanes: {
      ...reads.lanes,
      lock: async (consumer, source) => {
        await sql.run(
          `insert into batch_lane (workspace, consumer, source, job) values (?, ?, ?, '')
           on conflict (workspace, consumer, source) do update set job = batch_lane.job`,
          [workspace, consumer, source],
        );
        return reads.lanes.holder(consumer, source);
      },
      give: async (consumer, source, job) => {
        const key = [job, workspace, consumer, source];
        await sql.run('update batch_lane set job = ? where workspace = ? and consumer = ? and source = ?', key);
      },
    },
    partitions: {
      ...reads.partitions,
      insert: async (job, partitions) => {
        const rows = partitions.map((partition) => partitionRowOf(workspace, job, partition));
        for (let at = 0; at < rows.length; at += INSERT_ROWS) {
          await em.insertMany(PartitionRow, rows.slice(at, at + INSERT_ROWS));
        }
      },
      put: async (job, partition) =>
        void (await em.upsert(PartitionRow, partitionRowOf(workspace, job, partition), UNTRACKED)),
    },
    events: {
      add: (fact) => {
        const { definition, payload } = encodeFact(fact);
        tx.outbox.add(definition, payload);
      },
    },
    audit: { add: (entry) => tx.audit.add(entry) },
  };
}

type Reader = Pick<Snapshot, 'em'>;

/** The reads of one workspace in one snapshot or transaction. */
const batchReads = ({ em }: Reader, workspace: string): BatchReads => ({
  jobs: {
    get: async (id) => {
      const row = await em.findOne(JobRow, { workspace, id }, UNTRACKED);
      return row ? jobOf(row) : undefined;
    },
    list: async (consumer, page) => {
      const keyset: Keyset<JobRecord> = {
        workspace,
        list: 'scoring jobs',
        filter: [consumer],
        fields: { createTime: 'bigint', id: 'string' },
        descending: true,
        keyOf: ({ createTime, id }) => [createTime, id],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const filter = consumer === '' ? { workspace } : { workspace, consumer };
      const rows = await em.find(JobRow, { ...filter, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, jobOf);
    },
  },
  lanes: {
    holder: async (consumer, source) => {
      const row = await em.findOne(LaneRow, { workspace, consumer, source }, UNTRACKED);
      return row && row.job !== '' ? row.job : undefined;
    },
  },
  partitions: partitionReads({ em }, workspace),
});

const partitionReads = ({ em }: Reader, workspace: string): BatchReads['partitions'] => {
  const orderBy = { number: 'asc' } as const;
  return {
    get: async (job, number) => {
      const row = await em.findOne(PartitionRow, { workspace, job, number: BigInt(number) }, UNTRACKED);
      return row ? partitionOf(row) : undefined;
    },
    list: async (job, page) => {
      const keyset: Keyset<PartitionRecord> = {
        workspace,
        list: 'partitions',
        filter: [job],
        fields: { number: 'bigint' },
        descending: false,
        keyOf: ({ number }) => [number],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const rows = await em.find(PartitionRow, { workspace, job, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, partitionOf);
    },
    all: async (job) => {
      const rows = await em.find(PartitionRow, { workspace, job }, { orderBy, limit: PARTITIONS_MAX, ...UNTRACKED });
      return rows.map(partitionOf);
    },
    firstWaiting: async (job) => {
      const where = { workspace, job, state: 'waiting' };
      const [row] = await em.find(PartitionRow, where, { orderBy, limit: 1, ...UNTRACKED });
      return row ? partitionOf(row) : undefined;
    },
    leased: async (job) => {
      const where = { workspace, job, state: 'leased' };
      return (await em.find(PartitionRow, where, { orderBy, limit: PARTITIONS_MAX, ...UNTRACKED })).map(partitionOf);
    },
  };
};
