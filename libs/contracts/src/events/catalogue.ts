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
import type { JobChanged, PipelineChanged } from '../generated/packages/slipway.batch.v1.ts';
import type {
  ContractViolated,
  PositionCommitted,
  PredictionsLoaded,
  RepositoryApplied,
  RowsIngested,
  TrainingSetCreated,
  ViewMaterialized,
} from '../generated/packages/slipway.features.v1.ts';
import type {
  DriftDetected,
  OutcomesObserved,
  PerformanceDegraded,
  WindowClosed,
} from '../generated/packages/slipway.monitoring.v1.ts';
import type { DecisionMade, ExposuresLogged } from '../generated/packages/slipway.routing.v1.ts';
import type {
  EventScored,
  ModelFailed,
  ModelLoaded,
  PredictionsLogged,
} from '../generated/packages/slipway.serving.v1.ts';
import type { RunFinished } from '../generated/packages/slipway.tracking.v1.ts';

const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const registry = (noun: string, verb: string) => ({ version: 1, domain: 'registry', noun, verb });
const serving = (noun: string, verb: string) => ({ version: 1, domain: 'serving', noun, verb });
const features = (noun: string, verb: string) => ({ version: 1, domain: 'features', noun, verb });
const tracking = (noun: string, verb: string) => ({ version: 1, domain: 'tracking', noun, verb });
const batch = (noun: string, verb: string) => ({ version: 1, domain: 'batch', noun, verb });
const routing = (noun: string, verb: string) => ({ version: 1, domain: 'routing', noun, verb });
const monitoring = (noun: string, verb: string) => ({ version: 1, domain: 'monitoring', noun, verb });
const MANIFEST = 'artifact:default/scoring/nightly/0.json';
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
    calls: [
      {
        time_micros: '986688000000000',
        objective: 'late-departure',
        alias: 'champion',
        version: '2',
        digest: DIGEST,
        request_id: 'req-1',
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
        prediction_ids: ['flights-3m:7', 'flights-3m:8'],
        outputs: { probability: { values: [0.31, 0.12] } },
        number_features: { 'request:distance': { values: [410, 1230] } },
        text_features: { 'request:weekday': { values: ['Sunday', 'Sunday'] } },
        views: [
          {
            view: 'origin_delays',
            event_time_micros: ['986687940000000', '0'],
            statuses: ['PRESENT', 'NOT_FOUND'],
          },
        ],
        units: [{ unit_hash: DIGEST, assignment_id: 'a-1', experiment: INGESTION, arm: 'treatment', propensity: 0.5 }],
        unit_of_row: [0, 0],
        shadows: [
          {
            model: 'flights',
            alias: 'live',
            version: '1',
            digest: DIGEST,
            outputs: { probability: { values: [0.27, 0.2] } },
          },
        ],
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

/** A consumer has used rows of a source. Key: consumer. */
export const positionCommitted = defineEvent<PositionCommitted>({
  subject: features('position', 'committed'),
  schema: 'slipway.features.v1.PositionCommitted',
  key: (event) => event.consumer ?? '',
  sample: {
    consumer: 'nightly',
    source: 'schedule',
    from_exclusive: '0',
    to_inclusive: '512000',
    scoring_set_id: INGESTION,
    manifest_uri: MANIFEST,
    principal: 'alice',
  },
});

/** A table of stored predictions shows another version. Key: table. */
export const predictionsLoaded = defineEvent<PredictionsLoaded>({
  subject: features('predictions', 'loaded'),
  schema: 'slipway.features.v1.PredictionsLoaded',
  key: (event) => event.table ?? '',
  sample: { table: 'late-departure', version: '2', rows: '512000', manifest_uri: MANIFEST },
});

/** A scoring job went on. Key: job. */
export const jobChanged = defineEvent<JobChanged>({
  subject: batch('job', 'changed'),
  schema: 'slipway.batch.v1.JobChanged',
  key: (event) => event.job_id ?? '',
  sample: {
    job_id: INGESTION,
    consumer: 'nightly',
    model: 'flights',
    version: '2',
    state: 'scoring',
    rows: '512000',
    scored_rows: '200000',
    failed_rows: '0',
    partitions: 6,
    finished_partitions: 2,
    lost_attempts: 1,
    manifest_uri: '',
  },
});

/** A run of a pipeline, or a step of it, went on. Key: run. */
export const pipelineChanged = defineEvent<PipelineChanged>({
  subject: batch('pipeline', 'changed'),
  schema: 'slipway.batch.v1.PipelineChanged',
  key: (event) => event.run_id ?? '',
  sample: {
    run_id: INGESTION,
    pipeline: 'retrain',
    state: 'running',
    step: 'train',
    step_state: 'running',
    message: 'iteration 3',
  },
});

/** Units met a routing experiment for the first time: a fact, once for each. Key: experiment. */
export const exposureLogged = defineEvent<ExposuresLogged>({
  subject: routing('exposure', 'logged'),
  schema: 'slipway.routing.v1.ExposuresLogged',
  key: (event) => event.experiment ?? '',
  sample: {
    experiment: INGESTION,
    objective: 'late-departure',
    revision: '1',
    exposures: [{ unit_hash: DIGEST, arm: 'treatment', propensity: 0.5 }],
  },
});

/** A routing experiment began, went on, or ended. Key: experiment. */
export const decisionMade = defineEvent<DecisionMade>({
  subject: routing('decision', 'made'),
  schema: 'slipway.routing.v1.DecisionMade',
  key: (event) => event.experiment ?? '',
  sample: {
    experiment: INGESTION,
    name: 'with-delays',
    objective: 'late-departure',
    decision: 'decided',
    arm: 'treatment',
    weight: 1000,
    alias: 'live',
    version: '2',
    as_of_micros: '987811200000000',
    explanation: 'log loss is lower by 0.031 a day, e-value 41 of 20',
  },
});

/** Outcomes of predictions are known. Key: objective. */
export const outcomeObserved = defineEvent<OutcomesObserved>({
  subject: monitoring('outcome', 'observed'),
  schema: 'slipway.monitoring.v1.OutcomesObserved',
  key: (event) => event.objective ?? '',
  sample: {
    objective: 'late-departure',
    outcomes: '2',
    first_observed_micros: '986688000000000',
    last_observed_micros: '986689000000000',
    principal: 'alice',
  },
});

/** A day was closed and judged. Key: objective. */
export const windowClosed = defineEvent<WindowClosed>({
  subject: monitoring('window', 'closed'),
  schema: 'slipway.monitoring.v1.WindowClosed',
  key: (event) => event.objective ?? '',
  sample: {
    objective: 'late-departure',
    day: '2001-04-23',
    rows: '17012',
    labelled_rows: '17001',
    log_loss: 0.31,
    versions: [
      {
        model: 'flights',
        version: '2',
        served: true,
        rows: '17012',
        log_loss: 0.31,
        mean_score: 0.19,
        mean_label: 0.1,
      },
    ],
  },
});

/** A version sees or says something else than when it was made. Key: objective. */
export const driftDetected = defineEvent<DriftDetected>({
  subject: monitoring('drift', 'detected'),
  schema: 'slipway.monitoring.v1.DriftDetected',
  key: (event) => event.objective ?? '',
  sample: {
    alert_id: INGESTION,
    objective: 'late-departure',
    model: 'flights',
    version: '2',
    day: '2001-04-28',
    checks: ['calibration_gap 0.08/0.05', 'score_psi 0.4/0.3'],
  },
});

/** A version does worse than when it was made. Key: objective. */
export const performanceDegraded = defineEvent<PerformanceDegraded>({
  subject: monitoring('performance', 'degraded'),
  schema: 'slipway.monitoring.v1.PerformanceDegraded',
  key: (event) => event.objective ?? '',
  sample: {
    alert_id: INGESTION,
    objective: 'late-departure',
    model: 'flights',
    version: '2',
    day: '2001-05-22',
    checks: ['log_loss 0.61/0.58'],
  },
});

/** An event of a stream has its result. The noun of its subject is the name of the stream; here that of the sample. Key: that of the event. */
export const eventScored = defineEvent<EventScored>({
  subject: { version: 1, domain: 'stream', noun: 'departures', verb: 'scored' },
  schema: 'slipway.serving.v1.EventScored',
  key: (event) => event.key ?? '',
  sample: {
    stream: 'departures',
    event_id: 'flights-3m:7',
    key: 'ORD',
    time_micros: '989884800000000',
    model: 'flights',
    alias: 'champion',
    version: '2',
    digest: DIGEST,
    outputs: { probability: 0.31 },
  },
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
  positionCommitted,
  predictionsLoaded,
  jobChanged,
  pipelineChanged,
  exposureLogged,
  decisionMade,
  outcomeObserved,
  windowClosed,
  driftDetected,
  performanceDegraded,
  eventScored,
  deliveryDead,
];
