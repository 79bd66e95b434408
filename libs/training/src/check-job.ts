import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { TrainingColumn, TrainingJob } from '@slipway/plugin-kit';
import type { Steps } from './steps.ts';

export interface CheckedJob {
  readonly rows: number;
  readonly target: Float64Array;
  /** The columns of `job.features`, in that order. */
  readonly features: readonly TrainingColumn[];
}

export interface CheckOptions {
  /** Whether NaN in a numeric feature stands for a missing value; otherwise it is refused. */
  readonly missingAllowed: boolean;
}

const PIECE_MASK = 0x7fff;
const NAME_LENGTH_MAX = 256;

/**
 * Checks what every trainer needs: columns that exist and fit, values that can be used, both classes present.
 * @throws {InvalidArgumentError} reason TRAINING_DATA_INVALID, each violation naming its column and the first bad row (from 0).
 */
export function* checkJobSteps(job: TrainingJob, options: CheckOptions): Steps<CheckedJob> {
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => void violations.push({ field, description });
  const finish = (): void => {
    if (violations.length > 0) throw new InvalidArgumentError(violations, { reason: 'TRAINING_DATA_INVALID' });
  };
  if (!Number.isSafeInteger(job.table.rows) || job.table.rows < 1) refuse('table.rows', 'has no rows to train on');
  const columns = new Map(job.table.columns.map((column) => [column.name, column]));
  if (columns.size !== job.table.columns.length) refuse('table.columns', 'has two columns of the same name');
  const target = columns.get(job.target);
  if (!target) refuse('target', `the table has no column '${job.target}'`);
  else if (target.kind !== 'numeric')
    refuse('target', `column '${job.target}' is categorical; the target must be numeric`);
  if (job.features.length === 0) refuse('features', 'is empty');
  if (new Set(job.features).size !== job.features.length) refuse('features', 'has a column twice');
  if (job.features.includes(job.target)) refuse('features', `contains the target '${job.target}'`);
  const features = job.features.flatMap((name, index) => {
    const column = columns.get(name);
    if (!column) refuse(`features[${index}]`, `the table has no column '${name}'`);
    if (name === '' || name.length > NAME_LENGTH_MAX || !name.isWellFormed()) {
      refuse(`features[${index}]`, `a name has 1 to ${NAME_LENGTH_MAX} characters of valid Unicode`);
    }
    return column ?? [];
  });
  finish();
  if (target?.kind !== 'numeric') throw new Error('unreachable: refused above');
  for (const column of features) {
    const fault =
      column.kind === 'numeric'
        ? yield* numericFault(column.values, job.table.rows, options.missingAllowed)
        : yield* categoricalFault(column, job.table.rows);
    if (fault) refuse(`columns.${column.name}`, fault);
  }
  const fault =
    (yield* numericFault(target.values, job.table.rows, false)) ?? (yield* targetFault(target.values, job.task));
  if (fault) refuse(`columns.${job.target}`, fault);
  finish();
  return { rows: job.table.rows, target: target.values, features };
}

function* numericFault(values: Float64Array, rows: number, missingAllowed: boolean): Steps<string | undefined> {
  if (values.length !== rows) return `has ${values.length} values for ${rows} rows`;
  let present = 0;
  for (let row = 0; row < rows; row += 1) {
    const value = values[row] ?? 0;
    if (Number.isNaN(value)) {
      if (!missingAllowed) return `has no number in row ${row}; fill it, or set the option missing to mean`;
    } else if (!Number.isFinite(value)) return `is infinite in row ${row}`;
    else present += 1;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  return present === 0 ? 'has no number in any row' : undefined;
}

function* categoricalFault(
  { categories, codes }: Extract<TrainingColumn, { kind: 'categorical' }>,
  rows: number,
): Steps<string | undefined> {
  if (codes.length !== rows) return `has ${codes.length} codes for ${rows} rows`;
  if (new Set(categories).size !== categories.length) return 'has a category twice';
  if (!categories.every((category) => category.isWellFormed())) return 'has a category that is not valid Unicode';
  for (let row = 0; row < rows; row += 1) {
    if ((codes[row] ?? 0) >= categories.length) {
      return `has code ${codes[row]} in row ${row}, and ${categories.length} categories`;
    }
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  return undefined;
}

function* targetFault(values: Float64Array, task: TrainingJob['task']): Steps<string | undefined> {
  if (task === 'regression') return undefined;
  let ones = 0;
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] !== 0 && values[row] !== 1) return `is ${values[row]} in row ${row}; classes are 0 and 1`;
    ones += values[row] ?? 0;
    if ((row & PIECE_MASK) === PIECE_MASK) yield 0;
  }
  if (ones === 0 || ones === values.length) return `is ${ones === 0 ? 0 : 1} in every row; training needs both classes`;
  return undefined;
}
