export { planPrediction, type PlannedInput, type PredictionPlan } from '@slipway/scoring';
