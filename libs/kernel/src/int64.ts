export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** Reads the decimal text that carries an int64 on the wire and in JSON. @throws {RangeError} outside 64 bits or on other text. */
export function parseInt64(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new RangeError(`not an int64: '${text.slice(0, 40)}'`);
  const value = BigInt(text);
  if (value < INT64_MIN || value > INT64_MAX) throw new RangeError(`outside the range of int64: ${text}`);
  return value;
}
