import { FailedPreconditionError } from '@slipway/kernel';
import type { ModelSignature, TensorSpec } from '@slipway/plugin-kit';

/** One input of a model and the feature that fills it. */
export interface PlannedInput {
  /** As the package names it: `view:feature` or `request:feature`. */
  readonly feature: string;
  /** Name under which the caller sends it; undefined for a feature of the store. */
  readonly requestName: string | undefined;
  readonly input: TensorSpec;
}

/** How a model is fed by key; worked out once per version. */
export interface PredictionPlan {
  readonly inputs: readonly PlannedInput[];
  /** Features to fetch, each once. */
  readonly storeFeatures: readonly string[];
  /** What the caller must send, no more and no less. */
  readonly requestFeatures: ReadonlySet<string>;
}

const REQUEST = 'request';

const unfit = (model: string, description: string): FailedPreconditionError =>
  new FailedPreconditionError(`model '${model}' cannot be called by key: ${description}`, {
    reason: 'MODEL_FEATURES_INVALID',
    facts: { model },
  });

/**
 * Input i takes feature i: the order is part of what is signed.
 * @throws {FailedPreconditionError} when the package does not name one feature for each input, or an input is not one value per row.
 */
export function planPrediction(model: string, features: readonly string[], signature: ModelSignature): PredictionPlan {
  const { inputs } = signature;
  if (features.length !== inputs.length) {
    const counts = `it has ${inputs.length} inputs and its package names ${features.length} features`;
    throw unfit(model, `${counts}; register it with one feature for each input, or send tensors to ModelInfer`);
  }
  const planned = inputs.map((input, index) => planInput(model, features[index] ?? '', input));
  const fetched = planned.filter(({ requestName }) => requestName === undefined);
  return {
    inputs: planned,
    storeFeatures: [...new Set(fetched.map(({ feature }) => feature))],
    requestFeatures: new Set(planned.flatMap(({ requestName }) => requestName ?? [])),
  };
}

function planInput(model: string, feature: string, input: TensorSpec): PlannedInput {
  const colon = feature.indexOf(':');
  const [view, name] = [feature.slice(0, Math.max(colon, 0)), feature.slice(colon + 1)];
  if (view === '' || name === '') {
    throw unfit(model, `its feature '${feature}' is neither view:feature nor request:feature`);
  }
  const [rows, width = 1] = input.shape;
  const isColumn = rows !== undefined && input.shape.length <= 2 && (width === 1 || width === -1);
  if (!isColumn) {
    throw unfit(model, `its input '${input.name}' of shape [${input.shape.join(',')}] does not take one value per row`);
  }
  if (input.datatype === 'FP16') throw unfit(model, `its input '${input.name}' is FP16, which no feature is`);
  return { feature, requestName: view === REQUEST ? name : undefined, input };
}
