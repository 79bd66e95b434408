import { isPresenceTest, type IntegerTest, type TextTest } from '@slipway/search';

const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** An absent text passes `is null` only. */
export function passesText(value: string | undefined, test: TextTest): boolean {
  if (isPresenceTest(test)) return (value !== undefined) === (test.op === 'is not null');
  if (value === undefined) return false;
  switch (test.op) {
    case '=':
      return value === test.value;
    case '!=':
      return value !== test.value;
    case 'like':
      return isLike(value, test.value);
    case 'ilike':
      return isLike(lower(value), lower(test.value));
    case 'in':
      return test.values.includes(value);
    case 'not in':
      return !test.values.includes(value);
  }
}

export function passesInteger(value: bigint, test: IntegerTest): boolean {
  switch (test.op) {
    case '=':
      return value === test.value;
    case '!=':
      return value !== test.value;
    case '<':
      return value < test.value;
    case '<=':
      return value <= test.value;
    case '>':
      return value > test.value;
    case '>=':
      return value >= test.value;
    case 'is null':
      return false;
    case 'is not null':
      return true;
  }
}

/**
 * `%` stands for any characters and `_` for one. At most length times length steps, whatever the pattern: only the last `%` is ever tried again.
 */
function isLike(text: string, pattern: string): boolean {
  const [characters, signs] = [Array.from(text), Array.from(pattern)];
  let [at, sign] = [0, 0];
  let retry: { readonly at: number; readonly sign: number } | undefined;
  while (at < characters.length) {
    if (signs[sign] === '%') {
      retry = { at, sign };
      sign += 1;
    } else if (sign < signs.length && (signs[sign] === '_' || signs[sign] === characters[at])) {
      at += 1;
      sign += 1;
    } else if (retry) {
      retry = { at: retry.at + 1, sign: retry.sign };
      [at, sign] = [retry.at, retry.sign + 1];
    } else {
      return false;
    }
  }
  return signs.slice(sign).every((rest) => rest === '%');
}
