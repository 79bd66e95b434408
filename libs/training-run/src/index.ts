export { downloadTrainingSet, fetchLearningSet, type LearningSet } from './learning-set.ts';
export { judge, labelsOf } from './judge.ts';
export { beginRun, endRun, openExperiment, ERROR_TAG, type TrackingClient } from './runs.ts';
export { recordQuality, registerVersion, type RegistryClient, type VersionDescription } from './registration.ts';
export { scoreTable } from './score-table.ts';
export {
  trainAndRegister,
  TrainingStoppedError,
  type TrainedVersion,
  type TrainingTools,
} from './train-and-register.ts';
export { type ModelFeature, type TrainingPlan } from './training-plan.ts';
export { profileOf } from './profile-of.ts';
