import type { Clock, Micros } from '@slipway/kernel';
import type { Tensor } from '@slipway/plugin-kit';
import type { Columns, FeatureColumn, FeatureSource, OnlineFeatures, ViewRows } from './feature-source.ts';
import { featureTensor } from './feature-tensor.ts';
import type { LoadedScorer } from './ports.ts';
import { planPrediction, type PredictionPlan } from './prediction-plan.ts';
import { countRows, readRequestFeatures } from './prediction-rows.ts';
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
  readonly views: readonly ViewRows[];
}

const NOTHING: OnlineFeatures = { features: [], views: [] };

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
    const { stages, signal } = call;
    const plan = this.#planOf(request.model, scorer);
    const rows = countRows(request.entities, request.requestFeatures);
    const sent = readRequestFeatures(plan, request.requestFeatures);
    const online = plan.storeFeatures.length === 0 ? NOTHING : await this.#fetch(plan, request, call);
    const fetched = new Map(online.features.map((column) => [column.name, column]));
    const features = plan.inputs.map(({ feature, requestName }) => {
      const column = requestName === undefined ? fetched.get(feature) : sent.get(requestName);
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

  async #fetch(plan: PredictionPlan, request: PredictionRequest, call: PredictionCall): Promise<OnlineFeatures> {
    const { features, fetches, fetchTimeoutMs, clock } = this.#options;
    const { stages, signal, deadlineMs, requestId, traceparent } = call;
    const { workspace, entities, asOf } = request;
    stages.enter('queue');
    const online = await fetches.run(() => {
      stages.enter('feature_fetch');
      const leftMs = deadlineMs === undefined ? fetchTimeoutMs : deadlineMs - Number(clock.now() / 1000n);
      const timeoutMs = Math.max(1, leftMs);
      const read = { workspace, features: plan.storeFeatures, entities, asOf, timeoutMs, requestId, traceparent };
      return features.read(read, signal);
    }, signal);
    stages.enter('pre_process');
    return online;
  }
}
