export { modelRuntimeOnnxPlugin } from './plugin.ts';
export { parseConfig, type OnnxRuntimeConfig, type TrialConfig } from './config.ts';
export { trialLoad, type TrialOptions, type TrialReport } from './trial-load.ts';
