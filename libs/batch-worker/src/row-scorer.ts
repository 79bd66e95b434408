import { DataLossError, FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import type { ColumnData, Tensor, TensorSpec } from '@slipway/plugin-kit';
import { fillInput } from '@slipway/scoring';
import type { Scorer } from '@slipway/scoring';
import { pick } from './column-buffer.ts';
import type { ScoringTask } from './scoring-task.ts';

/** Why a row has no prediction. */
export interface RowFailure {
  readonly reason:
    'REQUIRED_VALUE_MISSING' | 'FEATURE_MISSING' | 'FEATURE_INVALID' | 'ROW_REFUSED' | 'OUTPUT_NOT_A_NUMBER';
  readonly description: string;
}

/** Rows of one partition on their way to predictions. A bad row costs itself only, never those beside it. */
export class RowScorer {
  /** Row by row, `outputs.length` numbers each; what stands in rows that failed means nothing. */
  readonly values: Float64Array<ArrayBuffer>;
  /** By row of the partition. */
  readonly failures = new Map<number, RowFailure>();
  readonly #scorer: Scorer;
  readonly #inputs: readonly TensorSpec[];
  readonly #task: ScoringTask;

  /** @throws {FailedPreconditionError} MODEL_FEATURES_INVALID when inputs and features do not go together. */
  constructor(scorer: Scorer, task: ScoringTask) {
    this.#scorer = scorer;
    this.#task = task;
    this.#inputs = scorer.signature.inputs;
    this.values = new Float64Array(task.rows * task.outputs.length);
    if (this.#inputs.length !== task.features.length) throw unfit('it has another number of inputs than the plan');
  }

  /** @throws {FailedPreconditionError} FAILED_ROWS_SHARE when more rows than allowed failed. */
  fail(row: number, failure: RowFailure): void {
    this.failures.set(row, failure);
    if (this.failures.size <= this.#task.failedRowsMax) return;
    throw new FailedPreconditionError(
      `more rows than allowed cannot be scored; row ${this.#task.firstRow + row} ${failure.description}`,
      { reason: 'FAILED_ROWS_SHARE', facts: { row_reason: failure.reason } },
    );
  }

  /** @param columns one for each input, `count` values of rows `first` on; those that failed before are left out. */
  async score(columns: readonly ColumnData[], first: number, count: number, signal: AbortSignal): Promise<void> {
    const filled = this.#fill(columns);
    for (const [input, { faults }] of filled.entries()) {
      for (const { row, kind, description } of faults) {
        if (this.failures.has(first + row)) continue;
        const { name } = this.#task.features[input] ?? { name: '' };
        if (kind === 'missing') this.fail(first + row, missing(name));
        else this.fail(first + row, { reason: 'FEATURE_INVALID', description: `has in '${name}' a value that the model does not take: ${description}` }); // prettier-ignore
      }
    }
    const good = this.failures.size === 0 ? undefined : this.#goodRows(first, count);
    if (!good || good.length === count) {
      return this.#run(filled.map(({ tensor }) => tensor), columns, { rows: undefined, first, count }, signal); // prettier-ignore
    }
    if (good.length > 0) await this.#runPicked(columns, good, first, signal);
  }

  #goodRows(first: number, count: number): readonly number[] {
    return Array.from({ length: count }, (_, row) => row).filter((row) => !this.failures.has(first + row));
  }

  /** @param rows of the columns. */
  async #runPicked(columns: readonly ColumnData[], rows: readonly number[], first: number, signal: AbortSignal) {
    const picked = columns.map((column) => pick(column, rows));
    const tensors = this.#fill(picked).map(({ tensor }) => tensor);
    const places = rows.map((row) => first + row);
    await this.#run(tensors, picked, { rows: places, first: 0, count: rows.length }, signal);
  }

  /** When the model refuses values, halves are tried until the rows that it refuses are found. */
  async #run(
    tensors: readonly Tensor[],
    columns: readonly ColumnData[],
    place: Place,
    signal: AbortSignal,
  ): Promise<void> {
    const { count } = place;
    let outputs: readonly Tensor[];
    try {
      outputs = await this.#scorer.score(tensors, this.#task.outputs, signal);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      if (count === 1) {
        return this.fail(rowOf(place, 0), {
          reason: 'ROW_REFUSED',
          description: `was refused by the model: ${error.message}`,
        });
      }
      const half = count >> 1;
      for (const [from, to] of [[0, half], [half, count]] as const) {
        const rows = Array.from({ length: to - from }, (_, at) => from + at);
        const picked = columns.map((column) => pick(column, rows));
        const part = this.#fill(picked).map(({ tensor }) => tensor);
        const places = rows.map((row) => rowOf(place, row));
        await this.#run(part, picked, { rows: places, first: 0, count: to - from }, signal);
      } // prettier-ignore
      return;
    }
    for (const [index, output] of outputs.entries()) this.#keep(output, index, place);
  }

  #fill(columns: readonly ColumnData[]) {
    return this.#inputs.map((input, index) => {
      const column = columns[index];
      const filled = column && fillInput(input, column, column.present, Number.POSITIVE_INFINITY);
      if (filled) return filled;
      const { name, type } = this.#task.features[index] ?? { name: '', type: 'string' };
      throw unfit(`its input '${input.name}' of type ${input.datatype} does not take column '${name}' of type ${type}`);
    });
  }

  #keep({ name, data, datatype }: Tensor, index: number, place: Place): void {
    const width = this.#task.outputs.length;
    if (data.length !== place.count || datatype === 'BYTES' || datatype === 'FP16') {
      throw unfit(`its output '${name}' is not one number for each row`);
    }
    const { values } = this;
    const isWide = datatype === 'INT64' || datatype === 'UINT64';
    for (let row = 0; row < place.count; row += 1) {
      const value = data[row] ?? Number.NaN;
      const number = Number(value);
      const at = place.rows ? (place.rows[row] ?? 0) : place.first + row;
      values[at * width + index] = number;
      if (Number.isNaN(number)) this.#failOutput(at, `has no number as '${name}'`);
      else if (isWide && BigInt(number) !== value)
        this.#failOutput(at, `has as '${name}' a number that a double does not hold`);
    }
  }

  #failOutput(row: number, description: string): void {
    if (!this.failures.has(row)) this.fail(row, { reason: 'OUTPUT_NOT_A_NUMBER', description });
  }
}

/** Where the rows of a call stand in the partition: from `first` on, or each where `rows` says. */
interface Place {
  readonly rows: readonly number[] | undefined;
  readonly first: number;
  readonly count: number;
}

const rowOf = ({ rows, first }: Place, row: number): number => rows?.[row] ?? first + row;

const missing = (column: string): RowFailure => ({
  reason: 'FEATURE_MISSING',
  description: `has no value in '${column}', and the model has none for missing ones`,
});

const unfit = (description: string): FailedPreconditionError =>
  new FailedPreconditionError(`the model cannot score these rows: ${description}`, {
    reason: 'MODEL_FEATURES_INVALID',
  });

/** The file has fewer rows than the plan says. */
export const inputTruncated = (rows: number, expected: number): DataLossError =>
  new DataLossError(`the input has ${rows} of the ${expected} rows of the partition`, { reason: 'INPUT_REPLACED' });
