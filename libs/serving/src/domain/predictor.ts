import { FailedPreconditionError, type Clock, type Micros } from '@slipway/kernel';
import type { Tensor } from '@slipway/plugin-kit';
import { featureTensor, planPrediction, type PredictionPlan } from '@slipway/scoring';
import type { Columns, FeatureColumn, FeatureSource, OnlineFeatures, ViewRows } from './feature-source.ts';
import type { LoadedScorer } from './ports.ts';
import { assertTaken, countRows, readSentFeatures, sentColumns } from './prediction-rows.ts';
import type { StageClock } from './stages.ts';
import type { Turns } from './turns.ts';

export interface PredictorOptions {
  readonly features: FeatureSource;
  /** Bounds the calls in the runtime, shared with ModelInfer. */
  readonly turns: Turns;
  /** Bounds the calls that wait for the feature store. */
  readonly fetches: Turns;
  /** For calls without a deadline. */
  readonly fetchTimeoutMs: number;
  readonly clock: Clock;
}

export interface PredictionRequest {
  readonly workspace: string;
  readonly model: string;
  readonly entities: Columns;
  readonly requestFeatures: Columns;
  /** Features of the store that the caller has already, by `view:feature`; they are not fetched. */
  readonly given?: Columns;
  /** The caller named an objective: what it brings may be more than the model takes that answers. */
  readonly forObjective?: boolean;
  readonly asOf: Micros | undefined;
  /** Empty for all. */
  readonly outputs: readonly string[];
}

/** What surrounds a prediction. */
export interface PredictionCall {
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** In `pre_process` when the prediction begins, in `post_process` when it ends. */
  readonly stages: StageClock;
}

export interface Prediction {
  readonly rows: number;
  readonly outputs: readonly Tensor[];
  /** In the order of the model's inputs. */
  readonly features: readonly FeatureColumn[];
  /** Of the features that were fetched. */
  readonly views: readonly ViewRows[];
}

const NOTHING: OnlineFeatures = { features: [], views: [] };
const NO_COLUMNS: Columns = new Map();

/** Predicts by key: fetches what the model needs, feeds it and runs it. */
export class Predictor {
  readonly #options: PredictorOptions;
  readonly #plans = new WeakMap<LoadedScorer, PredictionPlan>();

  constructor(options: PredictorOptions) {
    this.#options = options;
  }

  /**
   * All of one call with the one version that the caller holds: its list of features, then its graph.
   * @throws {InvalidArgumentError} on keys and columns that do not fit. @throws {FailedPreconditionError} when features are missing.
   * @throws {UnavailableError} when the feature store does not answer, or too many calls wait.
   */
  async predict(scorer: LoadedScorer, request: PredictionRequest, call: PredictionCall): Promise<Prediction> {
    const { entities, requestFeatures, given = NO_COLUMNS } = request;
    const plan = this.#planOf(request.model, scorer);
    const rows = countRows(entities, requestFeatures, given);
    if (!request.forObjective) assertTaken(plan, request);
    return this.#run(scorer, plan, request, rows, readSentFeatures(plan, request), call);
  }

  /**
   * The rows of an answered call with another version: what the call had already is used, what else the version needs is fetched. Outputs that
   * this version does not have are left out; it answers with all when it has none of them.
   * @throws {FailedPreconditionError} when it needs what only the caller could have sent; and as `predict`.
   */
  async rescore(
    scorer: LoadedScorer,
    request: PredictionRequest,
    answered: Prediction,
    call: PredictionCall,
  ): Promise<Prediction> {
    const plan = this.#planOf(request.model, scorer);
    const known = sentColumns(request);
    for (const column of answered.features) known.set(column.name, column);
    const missing = [...plan.requestFeatures].find((name) => !known.has(`request:${name}`));
    if (missing !== undefined) {
      throw new FailedPreconditionError(`the model needs request:${missing}, which the call did not bring`, {
        reason: 'FEATURE_MISSING',
      });
    }
    const own = new Set(scorer.signature.outputs.map(({ name }) => name));
    const outputs = request.outputs.filter((name) => own.has(name));
    return this.#run(scorer, plan, { ...request, outputs }, answered.rows, known, call);
  }

  async #run(
    scorer: LoadedScorer,
    plan: PredictionPlan,
    request: PredictionRequest,
    rows: number,
    known: ReadonlyMap<string, FeatureColumn>,
    call: PredictionCall,
  ): Promise<Prediction> {
    const { stages, signal } = call;
    const columns = new Map(known);
    const wanted = plan.storeFeatures.filter((name) => !columns.has(name));
    const online = wanted.length === 0 ? NOTHING : await this.#fetch(wanted, request, call);
    for (const column of online.features) columns.set(column.name, column);
    const features = plan.inputs.map(({ feature }) => {
      const column = columns.get(feature);
      if (!column) throw new Error(`the feature store left out ${feature}`);
      return column;
    });
    const tensors = plan.inputs.map((input, index) => featureTensor(input, features[index] as FeatureColumn));
    const { turns } = this.#options;
    stages.enter('queue');
    const outputs = await turns.run(() => {
      stages.enter('inference');
      return scorer.score(tensors, request.outputs, signal);
    }, signal);
    stages.enter('post_process');
    return { rows, outputs, features, views: online.views };
  }

  #planOf(model: string, scorer: LoadedScorer): PredictionPlan {
    const known = this.#plans.get(scorer);
    if (known) return known;
    const plan = planPrediction(model, scorer.features, scorer.signature);
    this.#plans.set(scorer, plan);
    return plan;
  }

  async #fetch(
    wanted: readonly string[],
    { workspace, entities, asOf }: PredictionRequest,
    call: PredictionCall,
  ): Promise<OnlineFeatures> {
    const { features, fetches, fetchTimeoutMs, clock } = this.#options;
    const { stages, signal, deadlineMs, requestId, traceparent } = call;
    stages.enter('queue');
    const online = await fetches.run(() => {
      stages.enter('feature_fetch');
      const leftMs = deadlineMs === undefined ? fetchTimeoutMs : deadlineMs - Number(clock.now() / 1000n);
      const timeoutMs = Math.max(1, leftMs);
      const read = { workspace, features: wanted, entities, asOf, timeoutMs, requestId, traceparent };
      return features.read(read, signal);
    }, signal);
    stages.enter('pre_process');
    return online;
  }
}
