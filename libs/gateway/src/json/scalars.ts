import { show } from './problems.ts';

/** What a field takes from JSON: the value for its message, or words for what is wrong. */
export type Scalar = { readonly value: unknown } | { readonly problem: string };

const INTEGER = /^-?(0|[1-9]\d{0,19})$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const FLOAT_MAX = 3.4028234663852886e38;
const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}
const SIGNED_32: Range = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const UNSIGNED_32: Range = { min: 0n, max: 2n ** 32n - 1n };
const SIGNED_64: Range = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const UNSIGNED_64: Range = { min: 0n, max: 2n ** 64n - 1n };

/** @param range of a type of at most 32 bits makes a number, of 64 bits decimal text: no float stands between. */
const integer =
  ({ min, max }: Range) =>
  (json: unknown): Scalar => {
    if (typeof json === 'number' && !Number.isSafeInteger(json)) {
      return { problem: `must be a whole number, as text when it is beyond 2^53, not ${show(json)}` };
    }
    const text = typeof json === 'number' ? String(json) : json;
    if (typeof text !== 'string' || !INTEGER.test(text)) {
      return { problem: `must be a whole number or its decimal text, not ${show(json)}` };
    }
    const value = BigInt(text);
    if (value < min || value > max) return { problem: `must be within ${min}..${max}` };
    return { value: max > 2n ** 32n ? String(value) : Number(value) };
  };

const float =
  (max: number) =>
  (json: unknown): Scalar => {
    if (typeof json === 'string' && Object.hasOwn(SPECIAL, json)) return { value: SPECIAL[json] };
    const value = typeof json === 'string' && NUMBER.test(json) ? Number(json) : json;
    if (typeof value !== 'number') {
      return { problem: `must be a number, "NaN", "Infinity" or "-Infinity", not ${show(json)}` };
    }
    // JSON.parse reads 1e999 as infinite, which nobody has written
    return Math.abs(value) <= max ? { value } : { problem: 'is too large for its type' };
  };

const bool = (json: unknown): Scalar =>
  typeof json === 'boolean' ? { value: json } : { problem: `must be true or false, not ${show(json)}` };

const text = (json: unknown): Scalar => {
  if (typeof json !== 'string') return { problem: `must be text, not ${show(json)}` };
  return json.isWellFormed() ? { value: json } : { problem: 'must be text without half surrogate pairs' };
};

/** Standard or URL-safe alphabet, with or without padding, as proto3 JSON wants it read. */
const bytes = (json: unknown): Scalar => {
  if (typeof json !== 'string') return { problem: `must be base64 text, not ${show(json)}` };
  const bare = json.replace(/={1,2}$/, '');
  const isPadded = bare.length !== json.length;
  const isWhole = isPadded ? json.length % 4 === 0 : bare.length % 4 !== 1;
  if (!isWhole || !/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)$/.test(bare)) return { problem: 'must be base64 text' };
  return { value: Buffer.from(bare, 'base64') };
};

/** By proto type. */
export const SCALARS: Readonly<Record<string, (json: unknown) => Scalar>> = {
  int32: integer(SIGNED_32),
  sint32: integer(SIGNED_32),
  sfixed32: integer(SIGNED_32),
  uint32: integer(UNSIGNED_32),
  fixed32: integer(UNSIGNED_32),
  int64: integer(SIGNED_64),
  sint64: integer(SIGNED_64),
  sfixed64: integer(SIGNED_64),
  uint64: integer(UNSIGNED_64),
  fixed64: integer(UNSIGNED_64),
  double: float(Number.MAX_VALUE),
  float: float(FLOAT_MAX),
  bool,
  string: text,
  bytes,
};
