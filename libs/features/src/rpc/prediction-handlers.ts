import type { FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { Handlers } from '@slipway/platform';
import type { FeatureDependencies } from '../domain/dependencies.ts';
import { assertLoad } from '../domain/predictions/prediction-request.ts';
import { listPredictionTables, readPredictions } from '../domain/predictions/read-predictions.ts';
import { writePredictions } from '../domain/predictions/write-predictions.ts';
import { callOf, columnsOf, microsOf, pageOf } from './from-proto.ts';
import type { LongWork } from './long-work.ts';
import { toPredictionLoad, toPredictionsMessage, toPredictionTableMessage } from './prediction-messages.ts';

type Methods = Handlers<FeatureStoreService>;

const INVALID = 'PREDICTIONS_INVALID';

export const predictionHandlers = (
  deps: FeatureDependencies,
  longWork: LongWork,
): Pick<Methods, 'loadPredictions' | 'writePredictions' | 'getPredictions' | 'listPredictionTables'> => ({
  loadPredictions: async (request, context) => {
    const load = toPredictionLoad(request);
    assertLoad(load);
    return longWork.loadPredictions(callOf(context), load, request.request_id);
  },
  writePredictions: async (request, context) => {
    const rows = {
      table: request.table,
      keys: columnsOf(request.keys, 'keys', INVALID),
      outputs: columnsOf(request.outputs, 'outputs', INVALID),
      times: request.time_micros.map(BigInt),
      sequences: request.sequences.map(BigInt),
    };
    return { stored: (await writePredictions(callOf(context), rows, deps, context.signal)).toString() };
  },
  getPredictions: async ({ table, keys, as_of: asOf }, context) => {
    const ask = { table, keys: columnsOf(keys, 'keys', INVALID), asOf: asOf ? microsOf(asOf) : undefined };
    return toPredictionsMessage(await readPredictions(callOf(context), ask, deps, context.signal));
  },
  listPredictionTables: async (request, context) => {
    const { items, nextPageToken = '' } = await listPredictionTables(callOf(context), pageOf(request), deps);
    return { tables: items.map(toPredictionTableMessage), next_page_token: nextPageToken };
  },
});
