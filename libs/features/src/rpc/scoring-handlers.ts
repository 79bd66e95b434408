import type { FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { Handlers } from '@slipway/platform';
import type { FeatureDependencies } from '../domain/dependencies.ts';
import { commitScoringSet } from '../domain/use-cases/commit-scoring-set.ts';
import { planScoringSet } from '../domain/use-cases/plan-scoring-set.ts';
import { getScoringSet, listPositions, listScoringSets } from '../domain/use-cases/read-scoring-sets.ts';
import { callOf, microsOf, pageOf } from './from-proto.ts';
import type { LongWork } from './long-work.ts';
import { toPositionMessage, toScoringSetMessage } from './scoring-to-proto.ts';

type Methods = Handlers<FeatureStoreService>;

const consumerPage = (request: { page_size: number; page_token: string; consumer: string }) => ({
  ...pageOf(request),
  consumer: request.consumer === '' ? undefined : request.consumer,
});

export const scoringHandlers = (
  deps: FeatureDependencies,
  longWork: LongWork,
): Pick<Methods, 'createScoringSet' | 'getScoringSet' | 'listScoringSets' | 'commitScoringSet' | 'listPositions'> => ({
  createScoringSet: async (request, context) => {
    const call = callOf(context);
    const { consumer, source, features, rows_max: rowsMax, request_id: requestId } = request;
    const [until, from, before] = [request.until, request.from, request.before].map((time) =>
      time ? microsOf(time) : undefined,
    );
    const bounds = { until, from, before, rowsMax: BigInt(rowsMax) };
    const ask = { consumer, source, features, ...bounds, requestId };
    return longWork.createScoringSet(call, ask, await planScoringSet(call, ask, deps));
  },
  getScoringSet: async ({ id }, context) => {
    const set = await getScoringSet(callOf(context), id, deps);
    return { scoring_set: toScoringSetMessage(context.caller.workspace, set, deps.files) };
  },
  listScoringSets: async (request, context) => {
    const { items, nextPageToken = '' } = await listScoringSets(callOf(context), consumerPage(request), deps);
    const { workspace } = context.caller;
    return {
      scoring_sets: items.map((set) => toScoringSetMessage(workspace, set, deps.files)),
      next_page_token: nextPageToken,
    };
  },
  commitScoringSet: async ({ id, manifest_uri: manifestUri }, context) => {
    const { set, position, newestArrival } = await commitScoringSet(callOf(context), { id, manifestUri }, deps);
    return {
      scoring_set: toScoringSetMessage(context.caller.workspace, set, deps.files),
      position: toPositionMessage(position, newestArrival),
    };
  },
  listPositions: async (request, context) => {
    const { items, nextPageToken = '' } = await listPositions(callOf(context), consumerPage(request), deps);
    return {
      positions: items.map(({ position, newestArrival }) => toPositionMessage(position, newestArrival)),
      next_page_token: nextPageToken,
    };
  },
});
