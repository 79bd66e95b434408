import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';

/** Words of people about a model or a version, by key; no rule of the registry reads them. */
export type Tags = Readonly<Record<string, string>>;

export const TAGS_MAX = 100;
/** Characters, as MLflow counts them. */
export const TAG_KEY_LENGTH_MAX = 250;
export const TAG_VALUE_BYTES_MAX = 100_000;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

function keyProblem(key: string): string | undefined {
  if (key === '') return 'a key must not be empty';
  if (key.length > TAG_KEY_LENGTH_MAX) return `a key may have ${TAG_KEY_LENGTH_MAX} characters`;
  if (key === '__proto__') return "the key '__proto__' is not allowed";
  return undefined;
}

function violationsOf(field: string, tags: Tags): FieldViolation[] {
  const violations: FieldViolation[] = [];
  for (const [key, value] of Object.entries(tags)) {
    const problem = keyProblem(key);
    if (problem !== undefined) violations.push({ field, description: problem });
    if (bytesOf(value) > TAG_VALUE_BYTES_MAX) {
      violations.push({ field: `${field}.${key}`, description: `a value may have ${TAG_VALUE_BYTES_MAX} bytes` });
    }
  }
  return violations;
}

/** The tags of something new. @throws {InvalidArgumentError} on a bad key or value, or more than `TAGS_MAX`. */
export function createTags(tags: Tags, field = 'tags'): Tags {
  return changeTags({}, tags, [], { set: field, remove: field });
}

/**
 * Tags after one change; keys to remove that are not there are fine.
 * @throws {InvalidArgumentError} on a bad key or value, on a key both set and removed, or on more than `TAGS_MAX` in the result.
 */
export function changeTags(
  current: Tags,
  set: Tags,
  remove: readonly string[],
  fields = { set: 'set_tags', remove: 'remove_tags' },
): Tags {
  const violations = violationsOf(fields.set, set);
  for (const key of remove) {
    const problem = keyProblem(key);
    if (problem !== undefined) violations.push({ field: fields.remove, description: problem });
    if (Object.hasOwn(set, key)) {
      violations.push({
        field: fields.remove,
        description: `'${key}' is also in ${fields.set}; name it in one of them`,
      });
    }
  }
  const kept = Object.entries(current).filter(([key]) => !remove.includes(key) && !Object.hasOwn(set, key));
  const next = Object.fromEntries([...kept, ...Object.entries(set)]);
  const count = Object.keys(next).length;
  if (count > TAGS_MAX) {
    violations.push({ field: fields.set, description: `leaves ${count} tags; at most ${TAGS_MAX} are kept` });
  }
  if (violations.length > 0) throw new InvalidArgumentError(violations);
  return next;
}

/** Whether both hold the same keys and values. */
export function sameTags(left: Tags, right: Tags): boolean {
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => left[key] === right[key]);
}
