import { FailedPreconditionError } from '@slipway/kernel';
import type { ModelRuntime, Tensor, TrainedModel, TrainingTable } from '@slipway/plugin-kit';

const BATCH_ROWS = 8192;

/**
 * The first output of a model for every row, computed in this process with the runtime that serving uses.
 * @param features columns in the order of the model's inputs.
 * @throws {FailedPreconditionError} when the model answers with something other than one number for each row.
 */
export async function scoreTable(
  runtime: ModelRuntime,
  trained: Pick<TrainedModel, 'model' | 'format'>,
  table: TrainingTable,
  features: readonly string[],
  signal: AbortSignal,
): Promise<Float64Array> {
  const model = await runtime.load(trained.model, trained.format, signal);
  try {
    const output = model.signature.outputs[0]?.name ?? '';
    const scores = new Float64Array(table.rows);
    for (let from = 0; from < table.rows; from += BATCH_ROWS) {
      const until = Math.min(from + BATCH_ROWS, table.rows);
      const [answer] = await model.run(tensorsOf(table, features, from, until), [output], signal);
      if ((answer?.datatype !== 'FP32' && answer?.datatype !== 'FP64') || answer.data.length !== until - from) {
        throw new FailedPreconditionError(`the model's output '${output}' is not one number for each row`, {
          reason: 'MODEL_OUTPUT_NOT_A_NUMBER',
        });
      }
      scores.set(answer.data, from);
    }
    return scores;
  } finally {
    await model.close();
  }
}

/** Rows `from` to `until` of the named columns as model inputs of shape [n, 1]: FP64 for numbers, BYTES for categories. */
function tensorsOf(table: TrainingTable, names: readonly string[], from: number, until: number): Tensor[] {
  return names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`no column '${name}'`);
    const shape = [until - from, 1];
    if (column.kind === 'numeric') return { name, datatype: 'FP64', shape, data: column.values.subarray(from, until) };
    const data = Array.from(column.codes.subarray(from, until), (code) => column.categories[code] ?? '');
    return { name, datatype: 'BYTES', shape, data };
  });
}
