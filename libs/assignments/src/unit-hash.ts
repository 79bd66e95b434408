import { createHash } from 'node:crypto';

/** Value of one key. Times are whole numbers of microseconds. */
export type UnitKey = string | bigint | boolean | number | null;

/**
 * Names units with the same keys: a function from the values, in the order of `names`, to the hash of `unitHash`. Sorts once.
 */
export function unitHasher(names: readonly string[]): (values: readonly UnitKey[]) => string {
  if (names.length === 0) return () => '';
  const order = names
    .map((name, index) => ({ name, index, label: `${JSON.stringify(name)}:` }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  return (values) => {
    const fields = order.map(({ index, label }) => label + keyText(values[index] ?? null));
    return createHash('sha256')
      .update(`{${fields.join(',')}}`)
      .digest('hex');
  };
}

/**
 * Names a unit, the same for whoever assigns it, predicts for it and joins its outcome: lower-case hex of the sha256 over the UTF-8 bytes of a
 * JSON object of its keys, sorted by name by UTF-16 code units, without blanks; whole numbers and times (in microseconds) with all their digits,
 * so that 64 bits survive. Empty without keys.
 */
export function unitHash(keys: Readonly<Record<string, UnitKey>>): string {
  return unitHasher(Object.keys(keys))(Object.values(keys));
}

const keyText = (value: UnitKey): string => (typeof value === 'bigint' ? value.toString() : JSON.stringify(value));
