import { InvalidArgumentError, type FieldViolation, type TrainingColumn, type TrainingJob } from '@slipway/plugin-kit';

export interface CheckedJob {
  readonly rows: number;
  readonly features: readonly TrainingColumn[];
  readonly target: Float64Array;
  readonly ridge: number;
  readonly isClassification: boolean;
}

const lengthOf = (column: TrainingColumn): number =>
  column.kind === 'numeric' ? column.values.length : column.codes.length;

/** @throws {InvalidArgumentError} that names every column and option that cannot be used. */
export function checkJob(job: TrainingJob): CheckedJob {
  const found: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => void found.push({ field, description });
  const { rows, columns } = job.table;
  if (rows < 1) refuse('table.rows', 'a table without rows teaches nothing');
  if (job.features.length === 0) refuse('features', 'name one column at least');
  if (new Set(job.features).size < job.features.length) refuse('features', 'name each column once');
  if (job.features.includes(job.target)) refuse('features', `'${job.target}' is the target`);
  for (const column of columns) {
    if (lengthOf(column) !== rows)
      refuse(`table.columns.${column.name}`, `has ${lengthOf(column)} values, not ${rows}`);
  }
  const byName = new Map(columns.map((column) => [column.name, column]));
  const features = job.features.flatMap(
    (name) => byName.get(name) ?? (refuse('features', `there is no column '${name}'`), []),
  );
  for (const column of features) {
    if (column.kind === 'numeric' && !column.values.every(Number.isFinite))
      refuse(`table.columns.${column.name}`, 'has a value that is no finite number');
    if (column.kind === 'categorical' && column.codes.some((code) => code >= column.categories.length))
      refuse(`table.columns.${column.name}`, 'has a code without a category');
  }
  const target = targetOf(job, byName.get(job.target), refuse);
  const ridge = ridgeOf(job.options, refuse);
  if (found.length > 0) throw new InvalidArgumentError(found, { reason: 'TRAINING_JOB_INVALID' });
  return { rows, features, target, ridge, isClassification: job.task === 'binary-classification' };
}

type Refuse = (field: string, description: string) => void;

function targetOf(job: TrainingJob, column: TrainingColumn | undefined, refuse: Refuse): Float64Array {
  if (column?.kind !== 'numeric') {
    refuse('target', `there is no numeric column '${job.target}'`);
    return new Float64Array(0);
  }
  const field = `table.columns.${column.name}`;
  if (!column.values.every(Number.isFinite)) refuse(field, 'is the target and has a value that is no finite number');
  if (job.task === 'binary-classification') {
    const classes = new Set(column.values);
    if ([...classes].some((value) => value !== 0 && value !== 1)) refuse(field, 'is the target and has to be 0 or 1');
    else if (classes.size < 2) refuse(field, 'is the target and has one class only');
  }
  return column.values;
}

function ridgeOf(options: TrainingJob['options'], refuse: Refuse): number {
  for (const name of Object.keys(options))
    if (name !== 'ridge') refuse(`options.${name}`, 'is no option of this trainer');
  const { ridge = 1e-3 } = options;
  if (typeof ridge === 'number' && ridge > 0 && ridge <= 1e12) return ridge;
  refuse('options.ridge', 'use a number above 0');
  return 1;
}
