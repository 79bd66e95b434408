export { FEATURE_STATUSES, type FeatureColumn, type FeatureStatus } from './feature-column.ts';
export { featureTensor } from './feature-tensor.ts';
export { fillInput, type FilledInput, type RowFault } from './fill-input.ts';
export { loadScorer, type ScorerSource } from './load-scorer.ts';
export { planPrediction, type PlannedInput, type PredictionPlan } from './prediction-plan.ts';
export { type Scorer } from './scorer.ts';
