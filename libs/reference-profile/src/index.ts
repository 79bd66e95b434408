export { buildProfile, buildProfileSteps, type ProfileInput } from './build-profile.ts';
export { countNumbers, countScores, countTexts, numberBinner } from './bins.ts';
export { checksOf, statisticOf, wholeReference, type Check, type CheckKind } from './checks.ts';
export { encodeProfile, parseProfile } from './profile-json.ts';
export {
  PROFILE_FILE,
  PROFILE_FORMAT,
  slotsOf,
  type NumberBins,
  type ProfiledDay,
  type ProfiledFeature,
  type ReferenceProfile,
} from './profile.ts';
export { type FeatureColumn } from './profile-feature.ts';
export { thresholdsOf, type Threshold, type ThresholdOptions, type Thresholds } from './thresholds.ts';
export {
  emptyWindow,
  labelledSums,
  poolWindows,
  windowOfDay,
  withoutWindow,
  type LabelledSums,
  type ProfileWindow,
} from './window.ts';
