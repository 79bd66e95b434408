import { InvalidArgumentError } from '@slipway/kernel';
import type { TrainingJob, TrainingTable } from '@slipway/plugin-kit';
import { auc, logLoss, r2, rmse } from '@slipway/training';

/** The values of the target, one for each row. @throws {InvalidArgumentError} when the column is none of numbers. */
export function labelsOf(table: TrainingTable, target: string): Float64Array {
  const column = table.columns.find(({ name }) => name === target);
  if (column?.kind !== 'numeric')
    throw InvalidArgumentError.of('target', `'${target}' is no column of numbers of the training set`);
  return column.values;
}

/** How good predictions are: `auc` and `log_loss` of probabilities, `rmse` and `r2` of numbers. */
export function judge(
  task: TrainingJob['task'],
  labels: Float64Array,
  predictions: Float64Array,
): Readonly<Record<string, number>> {
  return task === 'binary-classification'
    ? { auc: auc(labels, predictions), log_loss: logLoss(labels, predictions) }
    : { rmse: rmse(labels, predictions), r2: r2(labels, predictions) };
}
