import type { EventDefinition } from '@slipway/kernel';
import type { SqlRunner, Transaction, UnitOfWork } from '@slipway/persistence';
import type { FeatureFact } from '../domain/facts.ts';
import type { FeatureTransaction, FeatureUnitOfWork } from '../domain/unit-of-work.ts';
import { blobClaims } from './blob-claims.ts';
import { IngestionRow, RepositoryRow, SourceRow, TrainingSetFileRow, TrainingSetRow, ViewRow } from './entities.ts';
import { featureReads, UNTRACKED } from './feature-reads.ts';
import { predictionWrites } from './prediction-store.ts';
import { scoringWrites } from './scoring-store.ts';
import { ingestionRowOf, repositoryRowOf, sourceRowOf, trainingSetRowOf, viewRowOf } from './rows.ts';

/** Turns a fact into an event; the wire form is not this folder's business. */
export type EncodeFact = (fact: FeatureFact) => { definition: EventDefinition<object>; payload: object };

/** The feature store's state in a database. */
export const createFeatureUnitOfWork = (unitOfWork: UnitOfWork, encodeFact: EncodeFact): FeatureUnitOfWork => ({
  run: (call, work) => unitOfWork.run(call, (tx) => work(featureTransaction(tx, encodeFact))),
  read: ({ workspace }, work) => unitOfWork.read((snapshot) => work(featureReads(snapshot, workspace))),
});

function featureTransaction(tx: Transaction, encodeFact: EncodeFact): FeatureTransaction {
  const { workspace } = tx.context.caller;
  const { em, sql } = tx;
  const reads = featureReads(tx, workspace);
  return {
    now: tx.now,
    lock: () => lockWorkspace(sql, workspace),
    repositories: {
      ...reads.repositories,
      insert: async (applied) => {
        await em.insert(RepositoryRow, repositoryRowOf(workspace, applied));
        const { revision } = applied.revision;
        await sql.run('update features_lock set current_revision = ? where workspace = ?', [revision, workspace]);
      },
    },
    sources: {
      ...reads.sources,
      put: async (state) => void (await em.upsert(SourceRow, sourceRowOf(workspace, state), UNTRACKED)),
    },
    ingestions: {
      ...reads.ingestions,
      insert: async (ingestion) => void (await em.insert(IngestionRow, ingestionRowOf(workspace, ingestion))),
    },
    trainingSets: {
      ...reads.trainingSets,
      insert: async (trainingSet) => {
        await em.insert(TrainingSetRow, trainingSetRowOf(workspace, trainingSet));
        const digests = [...new Set(trainingSet.files.map(({ sha256 }) => sha256))];
        for (const sha256 of digests) {
          await em.insert(TrainingSetFileRow, { workspace, trainingSet: trainingSet.id, sha256 });
        }
      },
    },
    views: {
      ...reads.views,
      put: async (state) => void (await em.upsert(ViewRow, viewRowOf(workspace, state), UNTRACKED)),
      delete: async (view) => void (await em.nativeDelete(ViewRow, { workspace, view })),
    },
    ...scoringWrites({ em }, workspace),
    predictions: predictionWrites({ em }, workspace),
    blobs: blobClaims(tx, workspace),
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

/** The row is made by whoever comes first; an update of it waits for the one before on both databases. */
async function lockWorkspace(sql: SqlRunner, workspace: string): Promise<void> {
  await sql.run(
    `insert into features_lock (workspace, current_revision) values (?, 0)
     on conflict (workspace) do update set current_revision = features_lock.current_revision`,
    [workspace],
  );
}
