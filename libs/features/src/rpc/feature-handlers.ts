import type { FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import { InvalidArgumentError } from '@slipway/kernel';
import { decodePageToken, encodePageToken, type PageKey, type PageQuery } from '@slipway/persistence';
import type { Handlers } from '@slipway/platform';
import type { FeatureDependencies } from '../domain/dependencies.ts';
import type { OnlineReader } from '../domain/online/online-reader.ts';
import { applyRepository } from '../domain/use-cases/apply-repository.ts';
import { ingestRows } from '../domain/use-cases/ingest-rows.ts';
import { listViews } from '../domain/use-cases/list-views.ts';
import { selectViews } from '../domain/use-cases/materialize-views.ts';
import { planTrainingSet } from '../domain/use-cases/plan-training-set.ts';
import { getIngestion, listIngestions, listQuarantinedRows } from '../domain/use-cases/read-ingestions.ts';
import { getRepository, listRepositoryRevisions } from '../domain/use-cases/read-repository.ts';
import { downloadTrainingSet, getTrainingSet, listTrainingSets } from '../domain/use-cases/read-training-sets.ts';
import { callOf, columnsOf, ingestParts, microsOf, pageOf, trainingSetParts } from './from-proto.ts';
import type { LongWork } from './long-work.ts';
import { encodedAnswer } from './online-codec.ts';
import { predictionHandlers } from './prediction-handlers.ts';
import { scoringHandlers } from './scoring-handlers.ts';
import {
  toChangeMessage,
  toIngestionMessage,
  toQuarantinedRow,
  toRepositoryMessage,
  toRevisionMessage,
  toTrainingSetMessage,
  toViewStatusMessage,
} from './to-proto.ts';

type Methods = Handlers<FeatureStoreService>;

/** All of `slipway.features.v1.FeatureStoreService`. */
export const featureHandlers = (deps: FeatureDependencies, reader: OnlineReader, longWork: LongWork): Methods => ({
  ...repositoryHandlers(deps),
  ...rowHandlers(deps),
  ...trainingSetHandlers(deps, longWork),
  ...viewHandlers(deps, reader, longWork),
  ...scoringHandlers(deps, longWork),
  ...predictionHandlers(deps, longWork),
});

const repositoryHandlers = (
  deps: FeatureDependencies,
): Pick<Methods, 'applyRepository' | 'getRepository' | 'listRepositoryRevisions'> => ({
  applyRepository: async ({ files, dry_run: dryRun, request_id: requestId }, context) => {
    const { revision, changes } = await applyRepository(callOf(context), { files, dryRun, requestId }, deps);
    return { revision: toRevisionMessage(revision), changes: changes.map(toChangeMessage) };
  },
  getRepository: async ({ revision }, context) =>
    toRepositoryMessage(await getRepository(callOf(context), BigInt(revision), deps)),
  listRepositoryRevisions: async (request, context) => {
    const { items, nextPageToken = '' } = await listRepositoryRevisions(callOf(context), pageOf(request), deps);
    return { revisions: items.map(toRevisionMessage), next_page_token: nextPageToken };
  },
});

const rowHandlers = (
  deps: FeatureDependencies,
): Pick<Methods, 'ingestRows' | 'getIngestion' | 'listIngestions' | 'listQuarantinedRows'> => ({
  ingestRows: async (requests, context) => {
    const { ingestion, duplicate } = await ingestRows(callOf(context), ingestParts(requests), deps, context.signal);
    return { ingestion: toIngestionMessage(ingestion), duplicate };
  },
  getIngestion: async ({ id }, context) => ({
    ingestion: toIngestionMessage(await getIngestion(callOf(context), id, deps)),
  }),
  listIngestions: async (request, context) => {
    const query = { ...pageOf(request), source: request.source === '' ? undefined : request.source };
    const { items, nextPageToken = '' } = await listIngestions(callOf(context), query, deps);
    return { ingestions: items.map(toIngestionMessage), next_page_token: nextPageToken };
  },
  listQuarantinedRows: async (request, context) => {
    const { workspace } = context.caller;
    const filter = { ingestion_id: request.ingestion_id };
    const query = { method: 'ListQuarantinedRows', workspace, filter, orderBy: 'row' };
    const { pageSize, pageToken } = pageOf(request);
    const from = tokenKey(query, pageToken, 'bigint') ?? 0n;
    const ask = { ingestionId: request.ingestion_id, from, limit: pageSize + 1 };
    const rows = await listQuarantinedRows(callOf(context), ask, deps, context.signal);
    const next = rows[pageSize];
    return {
      rows: rows.slice(0, pageSize).map(toQuarantinedRow),
      next_page_token: next ? encodePageToken(query, [next.row]) : '',
    };
  },
});

interface KeyTypes {
  readonly bigint: bigint;
  readonly string: string;
}

/** @throws {InvalidArgumentError} on a token that was made by hand. */
function tokenKey<Type extends keyof KeyTypes>(
  query: PageQuery,
  token: string,
  type: Type,
): KeyTypes[Type] | undefined {
  const keys = decodePageToken(query, token);
  if (!keys) return undefined;
  const key: PageKey | undefined = keys[0];
  if (typeof key === type && keys.length === 1) return key as KeyTypes[Type];
  throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
    reason: 'PAGE_TOKEN_INVALID',
  });
}

const trainingSetHandlers = (
  deps: FeatureDependencies,
  longWork: LongWork,
): Pick<Methods, 'createTrainingSet' | 'getTrainingSet' | 'listTrainingSets' | 'downloadTrainingSet'> => ({
  createTrainingSet: (requests, context) => {
    const call = callOf(context);
    return planTrainingSet(call, trainingSetParts(requests), deps, context.signal, (header, plan) =>
      longWork.createTrainingSet(call, header, plan),
    );
  },
  getTrainingSet: async ({ id }, context) => {
    const set = await getTrainingSet(callOf(context), id, deps);
    return { training_set: toTrainingSetMessage(context.caller.workspace, set, deps.files) };
  },
  listTrainingSets: async (request, context) => {
    const { items, nextPageToken = '' } = await listTrainingSets(callOf(context), pageOf(request), deps);
    const { workspace } = context.caller;
    return {
      training_sets: items.map((set) => toTrainingSetMessage(workspace, set, deps.files)),
      next_page_token: nextPageToken,
    };
  },
  downloadTrainingSet: async function* ({ id }, context) {
    for await (const chunk of downloadTrainingSet(callOf(context), id, deps, context.signal)) yield { chunk };
  },
});

const viewHandlers = (
  deps: FeatureDependencies,
  reader: OnlineReader,
  longWork: LongWork,
): Pick<Methods, 'materializeViews' | 'listViews' | 'getOnlineFeatures'> => ({
  materializeViews: async ({ views, request_id: requestId }, context) => {
    selectViews(views, await deps.repositories.refresh(context.caller.workspace));
    return longWork.materialize(callOf(context), views, requestId);
  },
  listViews: async (request, context) => {
    const query = { method: 'ListViews', workspace: context.caller.workspace, filter: {}, orderBy: 'name' };
    const { pageSize, pageToken } = pageOf(request);
    const after = tokenKey(query, pageToken, 'string') ?? '';
    const found = await listViews(callOf(context), { after, limit: pageSize + 1 }, deps);
    const views = found.slice(0, pageSize);
    const last = found.length > pageSize ? views.at(-1) : undefined;
    return {
      views: views.map(toViewStatusMessage),
      next_page_token: last ? encodePageToken(query, [last.view.name]) : '',
    };
  },
  getOnlineFeatures: async (request, { caller, signal }) => {
    const { features, feature_service: featureService, as_of: asOf } = request;
    const entities = columnsOf(request.entities, 'entities', 'JOIN_KEYS_INVALID');
    const ask = { features, featureService, entities, asOf: asOf ? microsOf(asOf) : undefined };
    return encodedAnswer(await reader.read(caller, ask, signal));
  },
});
