import type { ModelVersion } from '../model-version.ts';
import type { RegisteredModel } from '../registered-model.ts';
import type { Tags } from '../tags.ts';

/** A page is also full when its rows have about as many characters: a message has an end. */
export const PAGE_SIZE_BUDGET = 8 * 1024 * 1024;
/** Rows that one call looks at: a search for what is rare gives short pages and a token, not a long silence. */
export const SCAN_ROWS_MAX = 20_000;

const sizeOfTags = (tags: Tags): number =>
  Object.entries(tags).reduce((sum, [key, value]) => sum + key.length + value.length, 0);

/** Characters of the answer about a row, roughly. */
export const sizeOfModel = ({ description, tags }: RegisteredModel): number =>
  500 + description.length + sizeOfTags(tags);

export function sizeOfVersion(version: ModelVersion): number {
  const { description, tags, files, signature, features, source } = version;
  const tensors = signature.inputs.length + signature.outputs.length;
  return (
    1000 +
    description.length +
    source.length +
    sizeOfTags(tags) +
    300 * files.length +
    120 * tensors +
    100 * features.length
  );
}
