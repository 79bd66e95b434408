import { pageOf, pageQuery, type Keyset, type Snapshot } from '@slipway/persistence';
import type { JsonValue } from '@slipway/kernel';
import type { ConsumerPosition, ScoringSet } from '../domain/scoring/scoring-set.ts';
import type { FeatureReads, FeatureTransaction } from '../domain/unit-of-work.ts';
import {
  PositionRow,
  ScoringSetFileRow,
  ScoringSetRow,
  type PositionRecord,
  type ScoringSetRecord,
} from './scoring-entities.ts';
import { fromJson, toJson } from './rows.ts';

const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em'>;

export const scoringReads = ({ em }: Reader, workspace: string): Pick<FeatureReads, 'scoringSets' | 'positions'> => ({
  scoringSets: {
    get: async (id) => {
      const row = await em.findOne(ScoringSetRow, { workspace, id }, UNTRACKED);
      return row ? scoringSetOf(row) : undefined;
    },
    list: async (consumer, page) => {
      const keyset: Keyset<ScoringSetRecord> = {
        workspace,
        list: 'scoring sets',
        filter: [consumer ?? ''],
        fields: { id: 'string' },
        descending: true,
        keyOf: ({ id }) => [id],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const filter = consumer === undefined ? { workspace } : { workspace, consumer };
      const rows = await em.find(ScoringSetRow, { ...filter, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, scoringSetOf);
    },
  },
  positions: {
    get: async (consumer, source) => {
      const row = await em.findOne(PositionRow, { workspace, consumer, source }, UNTRACKED);
      return row ? positionOf(row) : undefined;
    },
    list: async (consumer, page) => {
      const keyset: Keyset<PositionRecord> = {
        workspace,
        list: 'positions',
        filter: [consumer ?? ''],
        fields: { consumer: 'string', source: 'string' },
        descending: false,
        keyOf: (row) => [row.consumer, row.source],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const filter = consumer === undefined ? [] : [{ consumer }];
      const conditions = { workspace, $and: [...filter, where] };
      const rows = await em.find(PositionRow, conditions, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, positionOf);
    },
  },
});

export const scoringWrites = (
  { em }: Reader,
  workspace: string,
): Pick<FeatureTransaction, 'scoringSets' | 'positions'> => {
  const reads = scoringReads({ em }, workspace);
  return {
    scoringSets: {
      ...reads.scoringSets,
      insert: async (set) => {
        await em.insert(ScoringSetRow, scoringSetRowOf(workspace, set));
        for (const { sha256 } of set.files)
          await em.insert(ScoringSetFileRow, { workspace, scoringSet: set.id, sha256 });
      },
      markCommitted: async (id, { time, manifestUri }) =>
        void (await em.nativeUpdate(ScoringSetRow, { workspace, id }, { commitTime: time, manifestUri })),
    },
    positions: {
      ...reads.positions,
      put: async (position) => void (await em.upsert(PositionRow, { workspace, ...position }, UNTRACKED)),
    },
  };
};

const positionOf = ({ consumer, source, arrival, updateTime }: PositionRecord): ConsumerPosition => ({
  consumer,
  source,
  arrival,
  updateTime,
});

const scoringSetOf = (row: ScoringSetRecord): ScoringSet => ({
  id: row.id,
  consumer: row.consumer,
  source: row.source,
  fromExclusive: row.fromExclusive,
  toInclusive: row.toInclusive,
  features: fromJson(row.features) as ScoringSet['features'],
  columns: fromJson(row.columns) as ScoringSet['columns'],
  rows: row.rows,
  files: fromJson(row.files) as ScoringSet['files'],
  contentSha256: row.contentSha256,
  repositoryRevision: row.repositoryRevision,
  principal: row.principal,
  createTime: row.createTime,
  commit: typeof row.commitTime === 'bigint' ? { time: row.commitTime, manifestUri: row.manifestUri } : undefined,
});

function scoringSetRowOf(workspace: string, { commit, ...set }: ScoringSet) {
  const json = (value: unknown): JsonValue => toJson(value);
  return {
    workspace,
    ...set,
    features: json(set.features),
    columns: json(set.columns),
    files: json(set.files),
    commitTime: commit?.time ?? null,
    manifestUri: commit?.manifestUri ?? '',
  };
}
