import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { Tags } from './experiment.ts';
import { DATASET_NAME_CHARS_MAX, INPUT_TAG_KEY_CHARS_MAX, INPUT_TAG_VALUE_CHARS_MAX, isLongerThan } from './limits.ts';

/** Data that a run has read. Name and digest identify it within an experiment; the first description of it stays. */
export interface Dataset {
  readonly name: string;
  /** Content hash. */
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly schema: string;
  readonly profile: string;
}

/** A dataset and what it was to one run. */
export interface DatasetInput {
  readonly dataset: Dataset;
  readonly tags: Tags;
}

/** What the dataset was used for, e.g. `training`. */
export const CONTEXT_TAG = 'mlflow.data.context';

/** @throws {InvalidArgumentError} naming every field that is too long. */
export function assertInputs(inputs: readonly DatasetInput[]): void {
  const violations: FieldViolation[] = [];
  const check = (field: string, text: string, charsMax: number): void => {
    if (!isLongerThan(text, charsMax)) return;
    violations.push({ field, description: `exceeds the maximum length of ${charsMax} characters` });
  };
  inputs.forEach(({ dataset, tags }, index) => {
    check(`datasets[${index}].dataset.name`, dataset.name, DATASET_NAME_CHARS_MAX);
    for (const [key, value] of Object.entries(tags)) {
      check(`datasets[${index}].tags`, key, INPUT_TAG_KEY_CHARS_MAX);
      check(`datasets[${index}].tags.${key}`, value, INPUT_TAG_VALUE_CHARS_MAX);
    }
  });
  if (violations.length > 0) throw new InvalidArgumentError(violations.slice(0, 20), { reason: 'ENTRY_INVALID' });
}
