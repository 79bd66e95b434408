import { LockMode } from '@mikro-orm/core';
import type { JsonValue } from '@slipway/kernel';
import { UniqueViolationError, type Transaction } from '@slipway/persistence';
import { modelAlreadyExists } from '../domain/errors.ts';
import type { RegistryReads, RegistryTransaction } from '../domain/unit-of-work.ts';
import {
  AliasMoveRow,
  AliasPolicyRow,
  AliasRow,
  ApprovalRow,
  EnvelopeRow,
  EvaluationMetricRow,
  EvaluationRow,
  ModelRow,
  VersionFileRow,
  VersionRow,
} from './entities.ts';
import { moveRows, reseal } from './rename-writes.ts';
import { UNTRACKED } from './registry-reads.ts';
import { modelOf, policyRowOf, versionRowOf } from './rows.ts';

type Writes = Pick<
  RegistryTransaction,
  'models' | 'versions' | 'aliases' | 'moves' | 'policies' | 'evaluations' | 'approvals'
>;

/** The changes of one workspace; each one is a statement of its own, sent when it is made. */
export function registryWrites(tx: Transaction, reads: RegistryReads, workspace: string): Writes {
  const { em } = tx;
  return {
    models: { ...reads.models, ...modelWrites(tx, workspace) },
    versions: { ...reads.versions, ...versionWrites(tx, workspace) },
    aliases: {
      ...reads.aliases,
      put: async (alias) => {
        const { version = null, previousVersion = null } = alias;
        await em.upsert(AliasRow, { ...alias, version, previousVersion }, UNTRACKED);
      },
    },
    moves: {
      ...reads.moves,
      add: async (move) => {
        const { version = null, previousVersion = null } = move;
        await em.insert(AliasMoveRow, { workspace, ...move, version, previousVersion });
      },
    },
    policies: {
      ...reads.policies,
      put: async (policy) => void (await em.upsert(AliasPolicyRow, policyRowOf(workspace, policy), UNTRACKED)),
      deleteAll: async (model) => void (await em.nativeDelete(AliasPolicyRow, { workspace, model })),
    },
    evaluations: { ...reads.evaluations, ...evaluationWrites(tx, workspace) },
    approvals: {
      ...reads.approvals,
      add: async (approval) => void (await em.insert(ApprovalRow, { workspace, ...approval })),
    },
  };
}

const modelWrites = (tx: Transaction, workspace: string) => ({
  lock: async (name: string) => {
    const options = { lockMode: LockMode.PESSIMISTIC_WRITE, ...UNTRACKED };
    const row = await tx.em.findOne(ModelRow, { workspace, name }, options);
    return row ? modelOf(row) : undefined;
  },
  insert: async (model: Parameters<Writes['models']['insert']>[0]) => {
    tx.em.create(ModelRow, { workspace, ...model }, { persist: true });
    try {
      await tx.flush();
    } catch (error) {
      throw error instanceof UniqueViolationError ? modelAlreadyExists(model.name) : error;
    }
    tx.em.clear();
  },
  moveRows: moveRows(tx, workspace),
  update: async ({ name, ...fields }: Parameters<Writes['models']['update']>[0]) => {
    await tx.em.nativeUpdate(ModelRow, { workspace, name }, fields);
  },
});

const versionWrites = (
  tx: Transaction,
  workspace: string,
): Omit<Writes['versions'], keyof RegistryReads['versions']> => ({
  insert: async (version, envelope) => {
    const { model, version: number } = version;
    await tx.em.insert(VersionRow, versionRowOf(workspace, version));
    if (!envelope) return;
    await tx.em.insert(EnvelopeRow, { workspace, model, version: number, envelope: envelope as unknown as JsonValue });
    const files = version.files.map(({ path, sha256 }) => ({ workspace, model, version: number, path, sha256 }));
    await tx.em.insertMany(VersionFileRow, files);
  },
  update: async ({ model, version, description, tags, stage, updateTime }) => {
    await tx.em.nativeUpdate(VersionRow, { workspace, model, version }, { description, tags, stage, updateTime });
  },
  reseal: reseal(tx, workspace),
  archive: async ({ model, stage, except }) => {
    const others = { workspace, model, stage, version: { $ne: except } };
    await tx.em.nativeUpdate(VersionRow, others, { stage: 'archived', updateTime: tx.now });
  },
  delete: (model, version) => deleteVersions(tx.em, { workspace, model, version }),
  deleteAll: (model) => deleteVersions(tx.em, { workspace, model }),
});

async function deleteVersions(
  em: Transaction['em'],
  which: { workspace: string; model: string; version?: bigint },
): Promise<void> {
  await em.nativeDelete(EvaluationMetricRow, which);
  await em.nativeDelete(EvaluationRow, which);
  await em.nativeDelete(ApprovalRow, which);
  await em.nativeDelete(VersionFileRow, which);
  await em.nativeDelete(EnvelopeRow, which);
  await em.nativeDelete(VersionRow, which);
}

const evaluationWrites = ({ em }: Transaction, workspace: string): Pick<Writes['evaluations'], 'add'> => ({
  add: async ({ metrics, ...evaluation }) => {
    const { model, version, sequence, dataset } = evaluation;
    const metric = { $in: Object.keys(metrics) };
    const former = { workspace, model, version, dataset, metric, newest: true };
    await em.nativeUpdate(EvaluationMetricRow, former, { newest: false });
    await em.insert(EvaluationRow, { workspace, ...evaluation });
    const rows = Object.entries(metrics).map(([name, value]) => {
      return { workspace, model, version, sequence, metric: name, dataset, value, newest: true };
    });
    await em.insertMany(EvaluationMetricRow, rows);
  },
});
