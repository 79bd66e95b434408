import { InvalidArgumentError } from '@slipway/kernel';
import type { TrainingJob } from '@slipway/plugin-kit';
import { z } from 'zod';

/** Settings of a job for the linear trainer. */
export interface LinearOptions {
  /** Weight of the squared coefficients (of standardised columns), the intercept's excepted: the loss is summed over rows, so it matters less the more rows there are. As `alpha` of Ridge and `1 / C` of LogisticRegression in scikit-learn. */
  readonly ridge: number;
  /** `mean` puts the column's mean where a number is NaN, in training and in the model. */
  readonly missing: 'refuse' | 'mean';
  /** Newton steps of a classification; ten are usual. */
  readonly iterationsMax: number;
}

const schema = z.strictObject({
  ridge: z.number().min(0).max(1e15).default(1),
  missing: z.enum(['refuse', 'mean']).default('refuse'),
  iterationsMax: z.int().min(1).max(1000).default(100),
});

/** @throws {InvalidArgumentError} reason TRAINING_OPTIONS_INVALID, each option named `options.<name>`; unknown ones too. */
export function readOptions(options: TrainingJob['options']): LinearOptions {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.map(({ path, message }) => ({
    field: ['options', ...path.map(String)].join('.'),
    description: message,
  }));
  throw new InvalidArgumentError(violations, { reason: 'TRAINING_OPTIONS_INVALID' });
}
