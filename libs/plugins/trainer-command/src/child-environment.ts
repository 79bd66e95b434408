import type { TrainingRun } from '@slipway/plugin-kit';
import type { Scratch } from './scratch.ts';

/** The named variables of our environment, as far as they are set. */
export function passedOn(
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** What tells the program of its job. The names of MLflow are there for its client, which then logs to the run without being told. */
export function jobVariables(scratch: Scratch, run: TrainingRun | undefined): Record<string, string> {
  const token = run?.token?.reveal();
  return {
    SLIPWAY_TRAINING_DATA: scratch.dataFile,
    SLIPWAY_TRAINING_JOB: scratch.jobFile,
    SLIPWAY_MODEL_DIRECTORY: scratch.modelDirectory,
    TMPDIR: scratch.temporaryDirectory,
    ...(run === undefined
      ? {}
      : {
          SLIPWAY_RUN_ID: run.id,
          SLIPWAY_TRACKING_URI: run.trackingUri,
          MLFLOW_RUN_ID: run.id,
          MLFLOW_TRACKING_URI: run.trackingUri,
        }),
    ...(token === undefined ? {} : { SLIPWAY_TOKEN: token, MLFLOW_TRACKING_TOKEN: token }),
  };
}
