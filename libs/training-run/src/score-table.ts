import { FailedPreconditionError } from '@slipway/kernel';
import type { ModelRuntime, Tensor, TrainedModel, TrainingTable } from '@slipway/plugin-kit';

const BATCH_ROWS = 8192;

/**
 * The first output of a model for the rows 0, `every`, 2 `every`..., computed in this process with the runtime that serving uses.
 * @param features columns in the order of the model's inputs. @param every 1 scores all rows.
 * @returns one score for each of those rows, in their order.
 * @throws {FailedPreconditionError} when the model answers with something other than one number for each row.
 */
export async function scoreTable(
  runtime: ModelRuntime,
  trained: Pick<TrainedModel, 'model' | 'format'>,
  table: TrainingTable,
  features: readonly string[],
  signal: AbortSignal,
  every = 1,
): Promise<Float64Array> {
  const model = await runtime.load(trained.model, trained.format, signal);
  try {
    const output = model.signature.outputs[0]?.name ?? '';
    const scores = new Float64Array(Math.ceil(table.rows / every));
    for (let from = 0; from < scores.length; from += BATCH_ROWS) {
      const until = Math.min(from + BATCH_ROWS, scores.length);
      const [answer] = await model.run(tensorsOf(table, features, { from, until, every }), [output], signal);
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

/** Rows `from` to `until`, each times `every`. */
interface Batch {
  readonly from: number;
  readonly until: number;
  readonly every: number;
}

/** Rows of the named columns as model inputs of shape [n, 1]: FP64 for numbers, BYTES for categories. */
function tensorsOf(table: TrainingTable, names: readonly string[], batch: Batch): Tensor[] {
  return names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (!column) throw new Error(`no column '${name}'`);
    const shape = [batch.until - batch.from, 1];
    if (column.kind === 'numeric') return { name, datatype: 'FP64', shape, data: rowsOf(column.values, batch) };
    const data = Array.from(rowsOf(column.codes, batch), (code) => column.categories[code] ?? '');
    return { name, datatype: 'BYTES', shape, data };
  });
}

/** The rows of a batch: a view of all rows' array where they follow each other in it, else a copy. */
function rowsOf<Column extends Float64Array | Uint32Array>(column: Column, { from, until, every }: Batch): Column {
  if (every === 1) return column.subarray(from, until) as Column;
  const rows = column.slice(0, until - from) as Column;
  for (let row = 0; row < rows.length; row += 1) rows[row] = column[(from + row) * every] ?? 0;
  return rows;
}
