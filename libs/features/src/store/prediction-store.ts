import { pageOf, pageQuery, type Keyset, type Snapshot, type UnitOfWork } from '@slipway/persistence';
import { LOAD_PREDICTIONS_OPERATION } from '../domain/operations.ts';
import type { PredictionTable, PredictionVersion } from '../domain/predictions/prediction-table.ts';
import type { PredictionLedger, VersionRef } from '../domain/predictions/reap-predictions.ts';
import type { FeatureReads, FeatureTransaction } from '../domain/unit-of-work.ts';
import {
  PredictionLoadedRow,
  PredictionTableRow,
  PredictionVersionRow,
  type PredictionTableRecord,
  type PredictionVersionRecord,
} from './prediction-entities.ts';
import { fromJson, toJson } from './rows.ts';

const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em'>;

export const predictionReads = ({ em }: Reader, workspace: string): FeatureReads['predictions'] => ({
  table: async (name) => {
    const row = await em.findOne(PredictionTableRow, { workspace, name }, UNTRACKED);
    return row ? tableOf(row) : undefined;
  },
  tables: async (page) => {
    const keyset: Keyset<PredictionTableRecord> = {
      workspace,
      list: 'prediction tables',
      filter: [],
      fields: { name: 'string' },
      descending: false,
      keyOf: ({ name }) => [name],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const rows = await em.find(PredictionTableRow, { workspace, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, tableOf);
  },
  versions: async (tableName) => {
    const orderBy = { version: 'asc' } as const;
    const rows = await em.find(PredictionVersionRow, { workspace, tableName }, { orderBy, ...UNTRACKED });
    return rows.map(versionOf);
  },
  isLoaded: async (tableName, manifestUri) =>
    (await em.findOne(PredictionLoadedRow, { workspace, tableName, manifestUri }, UNTRACKED)) !== null,
});

export const predictionWrites = ({ em }: Reader, workspace: string): FeatureTransaction['predictions'] => ({
  ...predictionReads({ em }, workspace),
  putTable: async (table) => void (await em.upsert(PredictionTableRow, tableRowOf(workspace, table), UNTRACKED)),
  putVersion: async ({ table: tableName, keys, outputs, ...version }) => {
    const row = { workspace, tableName, ...version, keys: toJson(keys), outputs: toJson(outputs) };
    await em.upsert(PredictionVersionRow, row, UNTRACKED);
  },
  deleteVersion: async (tableName, version) =>
    void (await em.nativeDelete(PredictionVersionRow, { workspace, tableName, version })),
  addLoaded: async (tableName, manifestUri, version) =>
    void (await em.insert(PredictionLoadedRow, { workspace, tableName, manifestUri, version })),
});

interface RefRow {
  readonly workspace: string;
  readonly name: string;
  readonly version: string;
}

const refOf = ({ workspace, name, version }: RefRow): VersionRef => ({
  workspace,
  table: name,
  version: BigInt(version),
});

const REF = 'v.workspace, v.table_name as name, cast(v.version as text) as version';

export const predictionLedger = (unitOfWork: UnitOfWork): PredictionLedger => ({
  abandoned: (limit) =>
    unitOfWork.read(async ({ sql }) => {
      const rows = await sql.all<RefRow>(
        `select ${REF} from features_prediction_version v where v.state = 'loading' and not exists (
           select 1 from slipway_operation o where o.workspace = v.workspace and o.id = v.operation
           and o.kind = '${LOAD_PREDICTIONS_OPERATION}' and o.state in ('pending', 'running')) limit ?`,
        [limit],
      );
      return rows.map(refOf);
    }),
  retired: (before, limit) =>
    unitOfWork.read(async ({ sql }) => {
      const rows = await sql.all<RefRow>(
        `select ${REF} from features_prediction_version v where v.state = 'retired' and v.update_time < ?
         order by v.update_time limit ?`,
        [before, limit],
      );
      return rows.map(refOf);
    }),
});

const tableOf = (row: PredictionTableRecord): PredictionTable => ({
  name: row.name,
  keys: fromJson(row.keys) as PredictionTable['keys'],
  outputs: fromJson(row.outputs) as PredictionTable['outputs'],
  version: row.version,
  onlineSchema: row.onlineSchema,
  manifestUri: row.manifestUri,
  rows: row.rows,
  fallback: fromJson(row.fallback) as PredictionTable['fallback'],
  updateTime: row.updateTime,
});

const tableRowOf = (workspace: string, table: PredictionTable) => ({
  workspace,
  ...table,
  keys: toJson(table.keys),
  outputs: toJson(table.outputs),
  fallback: toJson(table.fallback),
});

const versionOf = (row: PredictionVersionRecord): PredictionVersion => ({
  table: row.tableName,
  version: row.version,
  keys: fromJson(row.keys) as PredictionVersion['keys'],
  outputs: fromJson(row.outputs) as PredictionVersion['outputs'],
  onlineSchema: row.onlineSchema,
  manifestUri: row.manifestUri,
  state: row.state,
  operation: row.operation,
  updateTime: row.updateTime,
});
