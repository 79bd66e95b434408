import { InvalidArgumentError } from '@slipway/kernel';
import type { TrainingColumn } from '@slipway/plugin-kit';
import type { CheckedJob, Steps } from '@slipway/training';

/** Standardised: `(value - mean) * scale`; scale is 0 for a constant column, whose coefficient is then 0. NaN counts as the mean. */
export interface NumericPart {
  readonly kind: 'numeric';
  readonly name: string;
  readonly values: Float64Array;
  readonly mean: number;
  readonly scale: number;
  /** Column of the design. */
  readonly at: number;
}

/** One column of the design for each category, from `at` on; a row is 1 in one of them. */
export interface CategoricalPart {
  readonly kind: 'categorical';
  readonly name: string;
  readonly categories: readonly string[];
  readonly codes: Uint32Array;
  readonly at: number;
}

/** Rows of numbers that are nearly all zero, kept as the columns they come from: column 0 is the intercept, 1 in every row. */
export interface Design {
  readonly rows: number;
  readonly columns: number;
  readonly parts: readonly (NumericPart | CategoricalPart)[];
}

/** The matrix of second derivatives is square and dense: 2048 columns are 32 MB and a few seconds per solution. */
const COLUMNS_MAX = 2048;
const PIECE_MASK = 0x7fff;
/** A spread this far below the mean is the rounding of a constant. */
const CONSTANT_SPREAD = 1e-12;

/** @throws {InvalidArgumentError} TRAINING_DATA_INVALID on too many categories or numbers too large to square. */
export function* designSteps({ rows, features }: CheckedJob): Steps<Design> {
  const parts: (NumericPart | CategoricalPart)[] = [];
  let columns = 1;
  for (const column of features) {
    const part = column.kind === 'numeric' ? yield* numericPart(column, columns) : { ...column, at: columns };
    columns += column.kind === 'numeric' ? 1 : column.categories.length;
    if (columns > COLUMNS_MAX) {
      throw InvalidArgumentError.of(
        `columns.${column.name}`,
        `with it the model has ${columns} coefficients, and ${COLUMNS_MAX} is the most; put rare categories together`,
        { reason: 'TRAINING_DATA_INVALID' },
      );
    }
    parts.push(part);
  }
  return { rows, columns, parts };
}

function* numericPart(column: Extract<TrainingColumn, { kind: 'numeric' }>, at: number): Steps<NumericPart> {
  const { name, values } = column;
  let count = 0;
  let mean = 0;
  let squares = 0; // Welford: no loss of digits for values far from zero
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? 0;
    if (!Number.isNaN(value)) {
      count += 1;
      const before = value - mean;
      mean += before / count;
      squares += before * (value - mean);
    }
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  const spread = Math.sqrt(squares / count);
  if (!Number.isFinite(spread) || !Number.isFinite(mean)) {
    throw InvalidArgumentError.of(`columns.${name}`, 'has numbers too large to square; scale them down', {
      reason: 'TRAINING_DATA_INVALID',
    });
  }
  return {
    kind: 'numeric',
    name,
    values,
    mean,
    scale: spread <= CONSTANT_SPREAD * Math.abs(mean) ? 0 : 1 / spread,
    at,
  };
}

/** A standardised value of a numeric part. */
export function standardised({ values, mean, scale }: NumericPart, row: number): number {
  const value = values[row] ?? 0;
  return Number.isNaN(value) ? 0 : (value - mean) * scale;
}

/** Names a column of the design for people, e.g. `origin=ABE`. */
export function columnName({ parts }: Design, column: number): string {
  const part = parts.findLast(({ at }) => at <= column);
  if (!part) return '(intercept)';
  return part.kind === 'numeric' ? part.name : `${part.name}=${part.categories[column - part.at]}`;
}
