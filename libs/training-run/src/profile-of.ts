import { InvalidArgumentError, systemClock } from '@slipway/kernel';
import type { ModelRuntime, TrainedModel, TrainingTable } from '@slipway/plugin-kit';
import { buildProfileSteps, encodeProfile, type FeatureColumn } from '@slipway/reference-profile';
import { runSteps } from '@slipway/training';
import { labelsOf } from './judge.ts';
import { scoreTable } from './score-table.ts';
import type { TrainingPlan } from './training-plan.ts';

/** Enough for shares of a day to the percent in a year of days; scoring them takes about half a second. */
const PROFILE_ROWS = 500_000;

/**
 * Text of the version's `profile.json`; undefined for another task than binary classification, and without a column of times.
 *
 * Its scores and losses are in-sample: the model was fitted to these rows. They look better than on new rows, by little for a linear model, by much
 * for one that memorizes; then thresholds that follow from the profile are too tight.
 * The same training set and model give the same bytes.
 * @throws {InvalidArgumentError} naming the column that is not there, or has a value that a profile cannot have.
 */
export async function profileOf(
  plan: Pick<TrainingPlan, 'task' | 'training' | 'target' | 'features' | 'timeColumn' | 'profileRows'>,
  trained: TrainedModel,
  runtime: ModelRuntime,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { timeColumn, profileRows = PROFILE_ROWS } = plan;
  if (plan.task !== 'binary-classification' || timeColumn === undefined) return undefined;
  if (!Number.isInteger(profileRows) || profileRows < 1)
    throw InvalidArgumentError.of('profileRows', `is ${profileRows}; give a number of rows, 1 or more`);
  const { table } = plan.training;
  const every = Math.ceil(table.rows / profileRows);
  const columns = plan.features.map(({ column }) => column);
  const steps = buildProfileSteps({
    output: trained.signature.outputs[0]?.name ?? '',
    times: timesOf(table, timeColumn),
    labels: labelsOf(table, plan.target),
    every,
    scores: await scoreTable(runtime, trained, table, columns, signal, every),
    features: plan.features.map(({ column, reference }) => featureOf(table, column, reference)),
  });
  return encodeProfile(await runSteps(steps, { clock: systemClock, signal }));
}

function timesOf(table: TrainingTable, name: string): Float64Array {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column?.kind === 'numeric') return column.values;
  throw InvalidArgumentError.of('timeColumn', `'${name}' is no column of times of the training table`);
}

/** A column of the table under the name that predictions give it; the arrays are the table's own. */
function featureOf(table: TrainingTable, column: string, reference: string): FeatureColumn {
  const found = table.columns.find(({ name }) => name === column);
  if (!found) throw InvalidArgumentError.of('features', `'${column}' is no column of the training table`);
  return found.kind === 'numeric'
    ? { name: reference, kind: 'number', values: found.values }
    : { name: reference, kind: 'text', categories: found.categories, codes: found.codes };
}
