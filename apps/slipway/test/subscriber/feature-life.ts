import type { Client } from '@slipway/clients';
import type {
  CreateTrainingSetRequest,
  FeatureStoreService,
  IngestRowsRequest,
} from '@slipway/contracts/slipway.features.v1';

const REPOSITORY = `
apiVersion: slipway.features/v1
kind: FeatureRepository
entities: [{ name: airport, joinKeys: [{ name: origin, type: string }] }]
sources: [{ name: delays, contract: delays.odcs.yaml, eventTime: at }]
views:
  - { name: newest, entities: [airport], source: delays, features: [{ name: delay }] }
`;
const CONTRACT = `
apiVersion: v3.1.0
kind: DataContract
id: delays
version: 1.0.0
status: active
schema:
  - name: delays
    logicalType: object
    properties:
      - { name: origin, logicalType: string, required: true }
      - { name: at, logicalType: timestamp, required: true }
      - { name: delay, logicalType: integer, logicalTypeOptions: { maximum: 1440 } }
`;
const ROWS = 'origin,at,delay\nATL,2001-04-01T10:00:00Z,3\nATL,2001-04-01T11:00:00Z,9999\n';
const ENTITY_ROWS = 'origin,at\nATL,2001-04-01T12:00:00Z\n';

/** Rows from their contract to the online store, one of them a breach: an event of each kind that the feature store has. */
export async function liveThroughFeatures(store: Client<FeatureStoreService>): Promise<void> {
  await store.applyRepository({
    files: [
      { path: 'features.yaml', content: REPOSITORY },
      { path: 'delays.odcs.yaml', content: CONTRACT },
    ],
  });
  await store.ingestRows(rows());
  await store.createTrainingSet(entityRows());
  await store.materializeViews({ views: ['newest'] });
}

async function* rows(): AsyncGenerator<IngestRowsRequest, void, undefined> {
  yield { header: { source: 'delays', format: 'FILE_FORMAT_CSV' } };
  yield { chunk: Buffer.from(ROWS) };
  await Promise.resolve();
}

async function* entityRows(): AsyncGenerator<CreateTrainingSetRequest, void, undefined> {
  yield { header: { name: 'one', features: ['newest:delay'], format: 'FILE_FORMAT_CSV', event_time_column: 'at' } };
  yield { chunk: Buffer.from(ENTITY_ROWS) };
  await Promise.resolve();
}
