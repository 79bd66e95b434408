import type { Envelope } from '@slipway/model-package';
import type { Snapshot } from '@slipway/persistence';
import type { PageRequest } from '../domain/paging.ts';
import type { AliasReader, ModelReader, RegistryReads, VersionReader } from '../domain/unit-of-work.ts';
import {
  AliasMoveRow,
  AliasPolicyRow,
  AliasRow,
  ApprovalRow,
  EnvelopeRow,
  EvaluationMetricRow,
  EvaluationRow,
  ModelRow,
  VersionRow,
  type AliasMoveRecord,
  type AliasRecord,
  type ApprovalRecord,
  type EvaluationRecord,
  type ModelRecord,
  type VersionRecord,
} from './entities.ts';
import { pageOf, pageQuery, type Keyset } from '@slipway/persistence';
import { searchModels, searchVersions } from './registry-search.ts';
import { aliasOf, approvalOf, evaluationOf, liveAliasOf, modelOf, moveOf, policyOf, versionOf } from './rows.ts';

/** Rows are read as values: a change goes through its own statement, so there is nothing to track. */
export const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em'>;

/** The reads of one workspace in one snapshot or transaction. */
export function registryReads({ em }: Reader, workspace: string): RegistryReads {
  return {
    models: modelReader({ em }, workspace),
    versions: versionReader({ em }, workspace),
    aliases: aliasReader({ em }, workspace),
    moves: {
      list: async (model, alias, page) => {
        const keyset: Keyset<AliasMoveRecord> = {
          workspace,
          list: 'moves',
          filter: [model, alias],
          fields: { revision: 'bigint' },
          descending: true,
          keyOf: ({ revision }) => [revision],
        };
        const { where, ...query } = pageQuery(keyset, page);
        const rows = await em.find(AliasMoveRow, { workspace, model, alias, ...where }, { ...query, ...UNTRACKED });
        return pageOf(rows, keyset, page, moveOf);
      },
    },
    policies: {
      get: async (model, alias) => {
        const row = await em.findOne(AliasPolicyRow, { workspace, model, alias }, UNTRACKED);
        return row ? policyOf(row) : undefined;
      },
    },
    evaluations: evaluationReader({ em }, workspace),
    approvals: approvalReader({ em }, workspace),
  };
}

const modelReader = ({ em }: Reader, workspace: string): ModelReader => ({
  search: searchModels({ em }, workspace),
  get: async (name) => {
    const row = await em.findOne(ModelRow, { workspace, name }, UNTRACKED);
    return row ? modelOf(row) : undefined;
  },
  list: async ({ field, descending }, page) => {
    const byName = field === 'name';
    const keyset: Keyset<ModelRecord> = {
      workspace,
      list: 'models',
      filter: [],
      fields: byName ? { name: 'string' } : { createTime: 'bigint', name: 'string' },
      descending,
      keyOf: (row) => (byName ? [row.name] : [row.createTime, row.name]),
    };
    const { where, ...query } = pageQuery(keyset, page);
    const rows = await em.find(ModelRow, { workspace, deleted: false, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, modelOf);
  },
});

const versionReader = ({ em }: Reader, workspace: string): VersionReader => ({
  search: searchVersions({ em }, workspace),
  get: async (model, version) => {
    const row = await em.findOne(VersionRow, { workspace, model, version }, UNTRACKED);
    return row ? versionOf(row) : undefined;
  },
  envelope: async (model, version) => {
    const row = await em.findOne(EnvelopeRow, { workspace, model, version }, UNTRACKED);
    return row ? (row.envelope as unknown as Envelope) : undefined;
  },
  list: async (model, descending, page) => {
    const keyset: Keyset<VersionRecord> = {
      workspace,
      list: 'versions',
      filter: [model],
      fields: { version: 'bigint' },
      descending,
      keyOf: ({ version }) => [version],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const rows = await em.find(VersionRow, { workspace, model, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, versionOf);
  },
});

const aliasReader = ({ em }: Reader, workspace: string): AliasReader => ({
  get: async (model, name) => {
    const row = await em.findOne(AliasRow, { workspace, model, name }, UNTRACKED);
    return row ? aliasOf(row) : undefined;
  },
  ofModels: async (models) => {
    if (models.length === 0) return [];
    const orderBy = [{ model: 'asc' }, { name: 'asc' }] as const;
    const where = { workspace, model: { $in: [...models] }, version: { $ne: null } };
    return (await em.find(AliasRow, where, { orderBy: [...orderBy], ...UNTRACKED })).map(liveAliasOf);
  },
  list: async ({ model, allWorkspaces }, page) => {
    const keyset: Keyset<AliasRecord> = {
      workspace,
      list: allWorkspaces ? 'aliases of all workspaces' : 'aliases',
      filter: [model ?? ''],
      fields: { workspace: 'string', model: 'string', name: 'string' },
      descending: false,
      keyOf: (row) => [row.workspace, row.model, row.name],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const filter = { ...(allWorkspaces ? {} : { workspace }), ...(model === undefined ? {} : { model }) };
    const conditions = { version: { $ne: null }, $and: [filter, where] };
    return pageOf(await em.find(AliasRow, conditions, { ...query, ...UNTRACKED }), keyset, page, liveAliasOf);
  },
});

const newestFirst = <Row extends { readonly sequence: bigint }>(
  workspace: string,
  list: string,
  filter: readonly string[],
): Keyset<Row> => ({
  workspace,
  list,
  filter,
  fields: { sequence: 'bigint' },
  descending: true,
  keyOf: ({ sequence }) => [sequence],
});

const evaluationReader = ({ em }: Reader, workspace: string): RegistryReads['evaluations'] => ({
  list: async (model: string, version: bigint, page: PageRequest) => {
    const keyset = newestFirst<EvaluationRecord>(workspace, 'evaluations', [model, version.toString()]);
    const { where, ...query } = pageQuery(keyset, page);
    const rows = await em.find(EvaluationRow, { workspace, model, version, ...where }, { ...query, ...UNTRACKED });
    const sequence = { $in: rows.map((row) => row.sequence) };
    const metrics = await em.find(EvaluationMetricRow, { workspace, model, version, sequence }, UNTRACKED);
    return pageOf(rows, keyset, page, (row) => evaluationOf(row, metrics));
  },
  newest: async (model, version) => {
    const rows = await em.find(EvaluationMetricRow, { workspace, model, version, newest: true }, UNTRACKED);
    return rows.map(({ metric, dataset, value }) => ({ metric, dataset, value }));
  },
});

const approvalReader = ({ em }: Reader, workspace: string): RegistryReads['approvals'] => ({
  list: async (model, version, page) => {
    const keyset = newestFirst<ApprovalRecord>(workspace, 'approvals', [model, version.toString()]);
    const { where, ...query } = pageQuery(keyset, page);
    const rows = await em.find(ApprovalRow, { workspace, model, version, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, approvalOf);
  },
  about: async (model, version, alias) => {
    const orderBy = { sequence: 'asc' } as const;
    const rows = await em.find(ApprovalRow, { workspace, model, version, alias }, { orderBy, ...UNTRACKED });
    return rows.map(approvalOf);
  },
});
