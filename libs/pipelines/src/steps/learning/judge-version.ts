import type { ModelRuntime, TrainingJob, TrainingTable } from '@slipway/plugin-kit';
import { InvalidArgumentError } from '@slipway/kernel';
import { judge, labelsOf, scoreTable } from '@slipway/training-run';
import { featureColumn } from '../training-set/training-query.ts';

export interface Judged {
  readonly task: TrainingJob['task'];
  readonly target: string;
  readonly table: TrainingTable;
}

/** How good a model is on the rows of a table. @throws {InvalidArgumentError} when the table lacks a column that the model takes. */
export async function judgeModel(
  runtime: ModelRuntime,
  { model, features }: { readonly model: Uint8Array; readonly features: readonly string[] },
  { task, target, table }: Judged,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const columns = features.map(featureColumn);
  const missing = columns.find((name) => !table.columns.some((column) => column.name === name));
  if (missing !== undefined)
    throw InvalidArgumentError.of(
      'set',
      `has no column '${missing}', which the model takes; add it to the training set`,
    );
  const scores = await scoreTable(runtime, { model, format: 'onnx' }, table, columns, signal);
  return judge(task, labelsOf(table, target), scores);
}

/** `auc 0.7213, log_loss 0.3121`. */
export const metricsText = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ');
