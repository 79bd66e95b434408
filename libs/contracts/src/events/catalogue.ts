import { defineEvent, type EventDefinition } from '@slipway/kernel';
import type { DeliveryDead } from '../generated/packages/slipway.common.v1.ts';
import type {
  AliasMoved,
  ApprovalGranted,
  ApprovalRejected,
  ModelChanged,
  VersionCreated,
  VersionDeleted,
} from '../generated/packages/slipway.registry.v1.ts';
import type {
  ContractViolated,
  RepositoryApplied,
  RowsIngested,
  TrainingSetCreated,
  ViewMaterialized,
} from '../generated/packages/slipway.features.v1.ts';
import type { ModelFailed, ModelLoaded, PredictionsLogged } from '../generated/packages/slipway.serving.v1.ts';
import type { RunFinished } from '../generated/packages/slipway.tracking.v1.ts';

const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const registry = (noun: string, verb: string) => ({ version: 1, domain: 'registry', noun, verb });
const serving = (noun: string, verb: string) => ({ version: 1, domain: 'serving', noun, verb });
const features = (noun: string, verb: string) => ({ version: 1, domain: 'features', noun, verb });
const tracking = (noun: string, verb: string) => ({ version: 1, domain: 'tracking', noun, verb });
const INGESTION = '01942f7e-0000-7000-8000-000000000001';
const approvalSample = {
  model: 'flights',
  version: '2',
  alias: 'champion',
  digest: DIGEST,
  principal: 'bob',
  comment: 'better on every day',
};

/** A registered model was created, changed or deleted. Key: model. */
export const modelChanged = defineEvent<ModelChanged>({
  subject: registry('model', 'changed'),
  schema: 'slipway.registry.v1.ModelChanged',
  key: (event) => event.model ?? '',
  sample: { model: 'flights', deleted: false },
});

/** A model version is complete and signed. Key: model. */
export const versionCreated = defineEvent<VersionCreated>({
  subject: registry('version', 'created'),
  schema: 'slipway.registry.v1.VersionCreated',
  key: (event) => event.model ?? '',
  sample: {
    model: 'flights',
    version: '2',
    digest: DIGEST,
    run_id: 'run-7',
    training_set_id: 'flights-q1',
    principal: 'alice',
  },
});

/** A model version was deleted. Key: model. */
export const versionDeleted = defineEvent<VersionDeleted>({
  subject: registry('version', 'deleted'),
  schema: 'slipway.registry.v1.VersionDeleted',
  key: (event) => event.model ?? '',
  sample: { model: 'flights', version: '1', principal: 'alice' },
});

/** An alias names another version, or none. Key: model. */
export const aliasMoved = defineEvent<AliasMoved>({
  subject: registry('alias', 'moved'),
  schema: 'slipway.registry.v1.AliasMoved',
  key: (event) => event.model ?? '',
  sample: {
    model: 'flights',
    alias: 'champion',
    version: '2',
    previous_version: '1',
    digest: DIGEST,
    revision: '2',
    principal: 'alice',
    rolled_back: false,
  },
});

/** A second person agreed. Key: model. */
export const approvalGranted = defineEvent<ApprovalGranted>({
  subject: registry('approval', 'granted'),
  schema: 'slipway.registry.v1.ApprovalGranted',
  key: (event) => event.model ?? '',
  sample: approvalSample,
});

/** A second person refused. Key: model. */
export const approvalRejected = defineEvent<ApprovalRejected>({
  subject: registry('approval', 'rejected'),
  schema: 'slipway.registry.v1.ApprovalRejected',
  key: (event) => event.model ?? '',
  sample: { ...approvalSample, comment: 'worse at night' },
});

/** A server answers with a version from now on. Key: model. */
export const modelLoaded = defineEvent<ModelLoaded>({
  subject: serving('model', 'loaded'),
  schema: 'slipway.serving.v1.ModelLoaded',
  key: (event) => event.model ?? '',
  sample: {
    model: 'flights',
    alias: 'champion',
    version: '2',
    digest: DIGEST,
    server: 'serving-0',
    alias_revision: '2',
    previous_version: '1',
    load_ms: 41.5,
  },
});

/** A version could not be loaded. Key: model. */
export const modelFailed = defineEvent<ModelFailed>({
  subject: serving('model', 'failed'),
  schema: 'slipway.serving.v1.ModelFailed',
  key: (event) => event.model ?? '',
  sample: {
    model: 'flights',
    alias: 'champion',
    version: '3',
    server: 'serving-0',
    alias_revision: '3',
    reason: 'SIGNATURE_INVALID',
    message: 'the signature of the package does not match its manifest',
    serving_version: '2',
  },
});

/** Predictions of one model: telemetry, which may be lost. Key: model. */
export const predictionLogged = defineEvent<PredictionsLogged>({
  subject: serving('prediction', 'logged'),
  schema: 'slipway.serving.v1.PredictionsLogged',
  key: (event) => event.model ?? '',
  sample: {
    model: 'flights',
    server: 'serving-0',
    dropped: '0',
    predictions: [
      {
        prediction_id: '01942f7e-0000-7000-8000-000000000002.0',
        time_micros: '986688000000000',
        objective: 'late-departure',
        assignment: '',
        experiment: '',
        arm: '',
        propensity: 0,
        unit_hash: DIGEST,
        shadow_of: '0',
        alias: 'champion',
        version: '2',
        digest: DIGEST,
        outputs: { probability: 0.31 },
        views: [{ view: 'origin_delays', event_time_micros: '986687940000000', status: 'PRESENT' }],
        latencies: {
          queue: 0,
          feature_fetch: 140,
          pre_process: 3,
          batch_wait: 0,
          inference: 35,
          post_process: 2,
          encode: 7,
          total: 187,
        },
        request_id: 'req-1',
      },
    ],
  },
});

/** A run has ended. Key: run. */
export const runFinished = defineEvent<RunFinished>({
  subject: tracking('run', 'finished'),
  schema: 'slipway.tracking.v1.RunFinished',
  key: (event) => event.run_id ?? '',
  sample: {
    run_id: '0af7651916cd43dd8448eb211c80319c',
    experiment_id: '1',
    run_name: 'with delays',
    status: 'FINISHED',
    start_time: '986688000000',
    end_time: '986688004000',
    principal: 'alice',
    dataset_digests: [DIGEST],
  },
});

/** Another feature repository is in force. Key: the constant `repository`. */
export const repositoryApplied = defineEvent<RepositoryApplied>({
  subject: features('repository', 'applied'),
  schema: 'slipway.features.v1.RepositoryApplied',
  key: () => 'repository',
  sample: { revision: '2', digest: DIGEST, changes: ['view/origin_delays'], principal: 'alice' },
});

/** Rows of a source can be read. Key: source. */
export const rowsIngested = defineEvent<RowsIngested>({
  subject: features('rows', 'ingested'),
  schema: 'slipway.features.v1.RowsIngested',
  key: (event) => event.source ?? '',
  sample: {
    source: 'flights',
    ingestion_id: INGESTION,
    accepted_rows: '479650',
    quarantined_rows: '21',
    arrival: '479650',
    principal: 'alice',
  },
});

/** Rows broke their contract. Key: source. */
export const contractViolated = defineEvent<ContractViolated>({
  subject: features('contract', 'violated'),
  schema: 'slipway.features.v1.ContractViolated',
  key: (event) => event.source ?? '',
  sample: {
    source: 'flights',
    ingestion_id: INGESTION,
    contract_id: 'flights',
    contract_version: '1.0.0',
    quarantined_rows: '21',
    breaches: ['delay minimum 20', 'delay maximum 1'],
  },
});

/** A training set is complete. Key: training set. */
export const trainingSetCreated = defineEvent<TrainingSetCreated>({
  subject: features('training-set', 'created'),
  schema: 'slipway.features.v1.TrainingSetCreated',
  key: (event) => event.training_set_id ?? '',
  sample: {
    training_set_id: DIGEST,
    name: 'flights-q1',
    rows: '1477816',
    features: ['origin_delays:delay_mean_1h'],
    principal: 'alice',
  },
});

/** Rows of a view are online. Key: view. */
export const viewMaterialized = defineEvent<ViewMaterialized>({
  subject: features('view', 'materialized'),
  schema: 'slipway.features.v1.ViewMaterialized',
  key: (event) => event.view ?? '',
  sample: { view: 'origin_delays', arrival: '1594330', stored: '229' },
});

/** A consumer gave up on an event. Key: the consumer. */
export const deliveryDead = defineEvent<DeliveryDead>({
  subject: { version: 1, domain: 'bus', noun: 'delivery', verb: 'dead' },
  schema: 'slipway.common.v1.DeliveryDead',
  key: (event) => event.consumer ?? '',
  sample: {
    consumer: 'serving-0',
    event_id: '01942f7e-0000-7000-8000-000000000000',
    event_type: 'slipway.registry.alias.moved.v1',
    subject: 'slipway.v1.default.registry.alias.moved.flights',
    attempts: 5,
    reason: 'INTERNAL',
    event: Buffer.from('{"specversion":"1.0"}'),
  },
});

/** Every kind of event there is; the documentation and the contract tests walk over it. */
export const EVENT_CATALOGUE: readonly EventDefinition<object>[] = [
  modelChanged,
  versionCreated,
  versionDeleted,
  aliasMoved,
  approvalGranted,
  approvalRejected,
  modelLoaded,
  modelFailed,
  predictionLogged,
  runFinished,
  repositoryApplied,
  rowsIngested,
  contractViolated,
  trainingSetCreated,
  viewMaterialized,
  deliveryDead,
];
