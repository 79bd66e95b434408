import type { Snapshot } from '@slipway/persistence';
import { tooManySegments } from '../domain/errors.ts';
import { SEGMENTS_MAX } from '../domain/limits.ts';
import type { FeatureReads } from '../domain/unit-of-work.ts';
import {
  IngestionRow,
  LockRow,
  RepositoryRow,
  SourceRow,
  TrainingSetRow,
  ViewRow,
  type IngestionRecord,
  type TrainingSetRecord,
} from './entities.ts';
import { pageOf, pageQuery, type Keyset } from '@slipway/persistence';
import { predictionReads } from './prediction-store.ts';
import { scoringReads } from './scoring-store.ts';
import { appliedOf, ingestionOf, revisionOf, sourceOf, trainingSetOf, viewOf } from './rows.ts';

/** Rows are read as values: a change goes through its own statement, so there is nothing to track. */
export const UNTRACKED = { disableIdentityMap: true } as const;

type Reader = Pick<Snapshot, 'em'>;

/** The reads of one workspace in one snapshot or transaction. */
export const featureReads = ({ em }: Reader, workspace: string): FeatureReads => ({
  repositories: repositoryReads({ em }, workspace),
  sources: {
    get: async (source) => {
      const row = await em.findOne(SourceRow, { workspace, source }, UNTRACKED);
      return row ? sourceOf(row) : undefined;
    },
    all: async () => {
      const orderBy = { source: 'asc' } as const;
      return (await em.find(SourceRow, { workspace }, { orderBy, ...UNTRACKED })).map(sourceOf);
    },
  },
  ingestions: ingestionReads({ em }, workspace),
  trainingSets: {
    get: async (id) => {
      const row = await em.findOne(TrainingSetRow, { workspace, id }, UNTRACKED);
      return row ? trainingSetOf(row) : undefined;
    },
    list: async (page) => {
      const keyset: Keyset<TrainingSetRecord> = {
        workspace,
        list: 'training sets',
        filter: [],
        fields: { createTime: 'bigint', id: 'string' },
        descending: true,
        keyOf: ({ createTime, id }) => [createTime, id],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const rows = await em.find(TrainingSetRow, { workspace, ...where }, { ...query, ...UNTRACKED });
      return pageOf(rows, keyset, page, trainingSetOf);
    },
  },
  views: {
    get: async (view) => {
      const row = await em.findOne(ViewRow, { workspace, view }, UNTRACKED);
      return row ? viewOf(row) : undefined;
    },
    all: async () => {
      const orderBy = { view: 'asc' } as const;
      return (await em.find(ViewRow, { workspace }, { orderBy, ...UNTRACKED })).map(viewOf);
    },
  },
  ...scoringReads({ em }, workspace),
  predictions: predictionReads({ em }, workspace),
});

/** Without the files and the model, which lists do not show. */
const REVISION_FIELDS = ['workspace', 'revision', 'digest', 'principal', 'createTime'] as const;

const repositoryReads = ({ em }: Reader, workspace: string): FeatureReads['repositories'] => ({
  currentRevision: async () => (await em.findOne(LockRow, { workspace }, UNTRACKED))?.currentRevision ?? 0n,
  get: async (revision) => {
    const row = await em.findOne(RepositoryRow, { workspace, revision }, UNTRACKED);
    return row ? appliedOf(row) : undefined;
  },
  list: async (page) => {
    const keyset: Keyset<{ readonly revision: bigint }> = {
      workspace,
      list: 'repository revisions',
      filter: [],
      fields: { revision: 'bigint' },
      descending: true,
      keyOf: ({ revision }) => [revision],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const options = { ...query, ...UNTRACKED, fields: REVISION_FIELDS };
    const rows = await em.find(RepositoryRow, { workspace, ...where }, options);
    return pageOf(rows, keyset, page, revisionOf);
  },
});

const ingestionReads = ({ em }: Reader, workspace: string): FeatureReads['ingestions'] => ({
  get: async (id) => {
    const row = await em.findOne(IngestionRow, { workspace, id }, UNTRACKED);
    return row ? ingestionOf(row) : undefined;
  },
  byContent: async (source, sha256) => {
    const row = await em.findOne(IngestionRow, { workspace, source, sha256 }, UNTRACKED);
    return row ? ingestionOf(row) : undefined;
  },
  list: async (source, page) => {
    const keyset: Keyset<IngestionRecord> = {
      workspace,
      list: 'ingestions',
      filter: [source ?? ''],
      fields: { id: 'string' },
      descending: true,
      keyOf: ({ id }) => [id],
    };
    const { where, ...query } = pageQuery(keyset, page);
    const filter = source === undefined ? { workspace } : { workspace, source };
    const rows = await em.find(IngestionRow, { ...filter, ...where }, { ...query, ...UNTRACKED });
    return pageOf(rows, keyset, page, ingestionOf);
  },
  segments: async (source, arrival) => {
    const where = { workspace, source, acceptedRows: { $gt: 0n }, firstArrival: { $lte: arrival } };
    const options = { orderBy: { firstArrival: 'asc' }, limit: SEGMENTS_MAX + 1, ...UNTRACKED } as const;
    const rows = (await em.find(IngestionRow, where, options)).map(ingestionOf);
    if (rows.length > SEGMENTS_MAX) throw tooManySegments(source, SEGMENTS_MAX);
    return rows.flatMap(({ accepted: file, firstArrival, acceptedRows }) => {
      return file ? [{ file, firstArrival, rows: acceptedRows }] : [];
    });
  },
});
