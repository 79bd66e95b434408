import { createClient, grpcTransport, type ClientTransport } from '@slipway/clients';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import {
  featureStoreService,
  type GetOnlineFeaturesRequest,
  type GetOnlineFeaturesResponse__Output,
  type IngestRowsRequest,
} from '@slipway/contracts/slipway.features.v1';
import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import { csvOf, FEATURES, KEYS, keyOf, REPOSITORY, ROW_TIME_MICROS, VIEW } from './measured-view.ts';

export interface OnlineFeatures {
  readonly process: SlipwayProcess;
  /** One answer to these keys, compared with what was ingested. @throws {Error} when it is another one. */
  readonly answerTo: (keys: readonly string[]) => Promise<GetOnlineFeaturesResponse__Output>;
  readonly stop: () => Promise<void>;
}

/** A call for all features of the view. */
export const requestFor = (keys: readonly string[]): GetOnlineFeaturesRequest => ({
  features: FEATURES.map((name) => `${VIEW}:${name}`),
  entities: { id: { strings: { values: [...keys] } } },
});

/** Slipway in one process with the view online. @throws {Error} when a row breaks its contract or does not come online. */
export async function serveFeatures(values: Float64Array): Promise<OnlineFeatures> {
  const process = await startSlipway({ app: 'slipway', settings: { 'log.level': 'warn' } });
  const transport = grpcTransport({ address: process.grpcAddress });
  const stop = async (): Promise<void> => {
    await transport.close();
    await process.stop();
  };
  try {
    await materialize(transport, values);
  } catch (error) {
    await stop();
    throw error;
  }
  const features = createClient(featureStoreService, transport);
  return {
    process,
    stop,
    answerTo: async (keys) => {
      const answer = await features.getOnlineFeatures(requestFor(keys));
      assertAnswer(answer, keys, values);
      return answer;
    },
  };
}

async function materialize(transport: ClientTransport, values: Float64Array): Promise<void> {
  const features = createClient(featureStoreService, transport);
  await features.applyRepository({ files: REPOSITORY });
  const { ingestion } = await features.ingestRows(partsOf(values));
  if (ingestion?.accepted_rows !== String(KEYS)) throw new Error(`rows were left out: ${JSON.stringify(ingestion)}`);
  const { operation: begun } = await features.materializeViews({ views: [VIEW] });
  const operations = createClient(operationService, transport);
  for await (const { operation } of operations.watchOperation({ id: begun?.id ?? '' })) {
    if (operation?.state === 'OPERATION_STATE_SUCCEEDED') return;
    if (operation?.state === 'OPERATION_STATE_FAILED')
      throw new Error(`the features are not online: ${JSON.stringify(operation.error)}`);
  }
  throw new Error('nobody told whether the features are online');
}

async function* partsOf(values: Float64Array): AsyncIterable<IngestRowsRequest> {
  yield await Promise.resolve({ header: { source: VIEW, format: 'FILE_FORMAT_CSV' as const } });
  for (const chunk of csvOf(values)) yield { chunk };
}

function assertAnswer(
  { features, views }: GetOnlineFeaturesResponse__Output,
  keys: readonly string[],
  values: Float64Array,
): void {
  const rows = keys.map((key) => Number(key.slice(keyOf(0).length - 1)));
  const isRight = (name: string, column: number): boolean => {
    const vector = features[column];
    const found = vector?.values?.numbers?.values ?? [];
    return (
      vector?.name === `${VIEW}:${name}` &&
      found.length === keys.length &&
      rows.every((row, index) => found[index] === values[row * FEATURES.length + column]) &&
      vector.statuses.every((status) => status === 'FEATURE_STATUS_PRESENT')
    );
  };
  const times = views[0]?.event_time_micros ?? [];
  if (FEATURES.every(isRight) && times.every((time) => Number(time) === ROW_TIME_MICROS)) return;
  throw new Error(`wrong features for ${keys.length} keys: ${JSON.stringify(features[0])}`);
}
