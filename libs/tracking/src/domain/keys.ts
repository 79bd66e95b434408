import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import { isLongerThan, KEY_CHARS_MAX } from './limits.ts';

export type KeyKind = 'metric' | 'param' | 'tag';

const CHARACTERS = /^[/\p{L}\p{N}_.\- :]*$/u;

/**
 * What is wrong with the key of a metric, parameter or tag, or undefined. Keys are used as file names in places, so each is the canonical path of
 * itself: no empty, `.` or `..` segment.
 */
export function keyProblem(kind: KeyKind, key: string): string | undefined {
  if (key === '') return `Missing value for required parameter 'key'.`;
  if (isLongerThan(key, KEY_CHARS_MAX)) return `'key' exceeds the maximum length of ${KEY_CHARS_MAX} characters`;
  const refused = `Invalid ${kind} name: '${key}'`;
  if (!CHARACTERS.test(key)) {
    return `${refused}. Use letters, digits, underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and slashes (/).`;
  }
  const isCanonical = key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return isCanonical ? undefined : `${refused}. Invalid path: use no empty, '.' or '..' segments.`;
}

/** @throws {InvalidArgumentError} reason KEY_INVALID, naming `field`. */
export function assertKey(kind: KeyKind, key: string, field: string): void {
  const description = keyProblem(kind, key);
  if (description !== undefined) throw InvalidArgumentError.of(field, description, { reason: 'KEY_INVALID' });
}

/** Violations of the keys and values of one map; values have at most `charsMax` characters. */
export function entryViolations(
  kind: KeyKind,
  entries: Readonly<Record<string, string>>,
  field: string,
  charsMax: number,
): FieldViolation[] {
  const violations: FieldViolation[] = [];
  for (const [key, value] of Object.entries(entries)) {
    const description = keyProblem(kind, key);
    if (description !== undefined) violations.push({ field, description });
    else if (isLongerThan(value, charsMax)) {
      const tooLong = `'${key}' exceeds the maximum length of ${charsMax} characters`;
      violations.push({ field: `${field}.${key}`, description: tooLong });
    }
  }
  return violations;
}

/** @throws {InvalidArgumentError} when there are violations. */
export function refuseAny(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw new InvalidArgumentError(violations, { reason: 'ENTRY_INVALID' });
}
