import type { CreateTrainingSetResponse } from '@slipway/contracts/slipway.features.v1';
import {
  toOperationMessage,
  type OperationHandle,
  type OperationRecord,
  type OperationRunner,
  type OperationWork,
  type ResumeOperation,
} from '@slipway/persistence';
import type { FeatureDependencies } from '../domain/dependencies.ts';
import {
  LOAD_PREDICTIONS_OPERATION,
  MATERIALIZE_OPERATION,
  SCORING_SET_OPERATION,
  TRAINING_SET_OPERATION,
} from '../domain/operations.ts';
import { loadPredictions } from '../domain/predictions/load-predictions.ts';
import type { PredictionLoad } from '../domain/predictions/prediction-table.ts';
import type { ScoringSetPlan } from '../domain/scoring/scoring-set.ts';
import type { TrainingSetPlan } from '../domain/training-set.ts';
import type { Call } from '../domain/unit-of-work.ts';
import { buildScoringSet } from '../domain/use-cases/build-scoring-set.ts';
import { buildTrainingSet } from '../domain/use-cases/build-training-set.ts';
import { materializeViews } from '../domain/use-cases/materialize-views.ts';
import type { ScoringSetRequest } from '../domain/use-cases/plan-scoring-set.ts';
import type { TrainingSetHeader } from '../domain/use-cases/plan-training-set.ts';
import {
  toMaterializationResult,
  toPredictionTableResult,
  toScoringSetResult,
  toTrainingSetResult,
} from './operation-results.ts';

interface MaterializeInput {
  readonly views: readonly string[];
}

type Begun = Pick<CreateTrainingSetResponse, 'operation'>;

/** Work that outlives its call, and its process too: another one begins it again from what is kept with the operation. */
export class LongWork {
  readonly #deps: FeatureDependencies;
  readonly #runner: () => OperationRunner;

  /** @param runner asked for late: it is told of `resumable` when it is made. */
  constructor(deps: FeatureDependencies, runner: () => OperationRunner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /** For the runner. */
  get resumable(): ReadonlyMap<string, ResumeOperation> {
    return new Map([
      [
        TRAINING_SET_OPERATION,
        (record) => this.#trainingSetWork(callOfRecord(record), inputOf(record) as TrainingSetPlan),
      ],
      [
        MATERIALIZE_OPERATION,
        (record) => this.#materializeWork(callOfRecord(record), inputOf(record) as MaterializeInput),
      ],
      [
        SCORING_SET_OPERATION,
        (record) => this.#scoringSetWork(callOfRecord(record), inputOf(record) as ScoringSetPlan),
      ],
      [LOAD_PREDICTIONS_OPERATION, (record) => this.#loadWork(callOfRecord(record), inputOf(record) as PredictionLoad)],
    ]);
  }

  async createTrainingSet(call: Call, header: TrainingSetHeader, plan: TrainingSetPlan): Promise<Begun> {
    const request = {
      kind: TRAINING_SET_OPERATION,
      unit: 'rows',
      requestId: header.requestId,
      // A repeat means the same entity rows; the snapshot is that of the first one.
      request: { ...header, entities: plan.entities.sha256 },
      inputJson: JSON.stringify(plan),
      audit: { action: 'features.training-sets.begin', resource: `training-sets/${plan.name}` },
    };
    const record = await this.#runner().begin(call, request, this.#trainingSetWork(call, plan));
    return { operation: toOperationMessage(record) };
  }

  async materialize(call: Call, views: readonly string[], requestId: string): Promise<Begun> {
    const input: MaterializeInput = { views };
    const request = {
      kind: MATERIALIZE_OPERATION,
      unit: 'views',
      requestId,
      request: { views: [...views] },
      inputJson: JSON.stringify(input),
      audit: {
        action: 'features.views.materialize',
        resource: views.length === 0 ? 'views' : `views/${views.join(',').slice(0, 512)}`,
      },
    };
    const record = await this.#runner().begin(call, request, this.#materializeWork(call, input));
    return { operation: toOperationMessage(record) };
  }

  /** A repeat is answered with the operation of the first one, which has the rows that there were then. */
  async createScoringSet(call: Call, request: ScoringSetRequest, plan: ScoringSetPlan): Promise<Begun> {
    const { requestId, until, from, before, rowsMax, ...rest } = request;
    const times = { until, from, before };
    const asked = Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time?.toString() ?? '']));
    const record = await this.#runner().begin(
      call,
      {
        kind: SCORING_SET_OPERATION,
        unit: 'steps',
        requestId,
        request: { ...rest, ...asked, rowsMax: rowsMax.toString() },
        inputJson: JSON.stringify(plan),
        audit: {
          action: 'features.scoring-sets.begin',
          resource: `positions/${request.consumer}/${request.source}`,
        },
      },
      this.#scoringSetWork(call, plan),
    );
    return { operation: toOperationMessage(record) };
  }

  async loadPredictions(call: Call, load: PredictionLoad, requestId: string): Promise<Begun> {
    const request = {
      kind: LOAD_PREDICTIONS_OPERATION,
      unit: 'rows',
      requestId,
      request: load,
      inputJson: JSON.stringify(load),
      audit: { action: 'features.predictions.load', resource: `predictions/${load.table}` },
    };
    const record = await this.#runner().begin(call, request, this.#loadWork(call, load));
    return { operation: toOperationMessage(record) };
  }

  #scoringSetWork = (call: Call, plan: ScoringSetPlan): OperationWork => {
    return async (operation: OperationHandle) => {
      const set = await buildScoringSet(call, plan, this.#deps, operation);
      return toScoringSetResult(call.caller.workspace, set, this.#deps.files);
    };
  };

  #loadWork = (call: Call, load: PredictionLoad): OperationWork => {
    return async (operation: OperationHandle) =>
      toPredictionTableResult(await loadPredictions(call, load, this.#deps, operation));
  };

  #trainingSetWork = (call: Call, plan: TrainingSetPlan): OperationWork => {
    return async (operation: OperationHandle) => {
      const set = await buildTrainingSet(call, plan, this.#deps, operation);
      return toTrainingSetResult(call.caller.workspace, set, this.#deps.files);
    };
  };

  #materializeWork = (call: Call, { views }: MaterializeInput): OperationWork => {
    return async (operation: OperationHandle) =>
      toMaterializationResult(await materializeViews(call, views, this.#deps, operation));
  };
}

/** On behalf of whoever began it; what it may do was asked then. */
const callOfRecord = ({ id, workspace, principal }: OperationRecord): Call => ({
  caller: { principal, workspace, allWorkspaces: false, permissions: new Set() },
  requestId: id,
});

/** What this class wrote; its form is not checked again. */
const inputOf = (record: OperationRecord): unknown => JSON.parse(record.inputJson ?? 'null');
