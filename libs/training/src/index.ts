export { auc, aucSteps, logLoss, logLossSteps, r2, regressionMetricsSteps, rmse } from './metrics.ts';
export { checkJobSteps, type CheckedJob, type CheckOptions } from './check-job.ts';
export { runAtOnce, runSteps, type Pace, type Steps } from './steps.ts';
