import { INT64_MAX, INT64_MIN } from '@slipway/kernel';

/** Says what is wrong with a value that goes into a scalar field, or undefined when encoding keeps it as it is. */
export type ScalarCheck = (value: unknown) => string | undefined;

const UINT64_MAX = 2n ** 64n - 1n;
const DECIMAL = /^(?:0|-?[1-9]\d{0,19})$/;

function int32(value: unknown): string | undefined {
  if (typeof value === 'number' && (value | 0) === value) return undefined;
  return 'must be an integer of -2147483648..2147483647';
}

function uint32(value: unknown): string | undefined {
  if (typeof value === 'number' && value >>> 0 === value) return undefined;
  return 'must be an integer of 0..4294967295';
}

function wideInteger(min: bigint, max: bigint): ScalarCheck {
  const range = `must be within ${min}..${max}`;
  return (value) => {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) return 'must be an integer that is exact: pass large ones as text or bigint';
      return value < 0 && min === 0n ? range : undefined;
    }
    if (typeof value === 'string' && !DECIMAL.test(value)) return 'must be a decimal integer';
    if (typeof value !== 'string' && typeof value !== 'bigint')
      return 'must be an integer as text, bigint or safe number';
    if (typeof value === 'string' && value.length < 16 && min !== 0n) return undefined; // 15 digits fit in any case
    const wide = BigInt(value);
    return wide < min || wide > max ? range : undefined;
  };
}

function float(value: unknown): string | undefined {
  if (typeof value !== 'number') return 'must be a number';
  return Number.isFinite(value) && !Number.isFinite(Math.fround(value))
    ? 'is outside the range of a float32'
    : undefined;
}

const double: ScalarCheck = (value) => (typeof value === 'number' ? undefined : 'must be a number');
const bool: ScalarCheck = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be text';
  return value.isWellFormed() ? undefined : 'holds half of a surrogate pair';
}

function bytes(value: unknown): string | undefined {
  return value instanceof Uint8Array ? undefined : 'must be bytes (a Buffer or Uint8Array)';
}

const int64 = wideInteger(INT64_MIN, INT64_MAX);
const uint64 = wideInteger(0n, UINT64_MAX);

/** By the names of proto types. What protobufjs would coerce in silence (1.5 to 1, 'abc' to 0, an overflow to its rest) is refused. */
export const SCALAR_CHECKS: Readonly<Record<string, ScalarCheck>> = {
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
  float,
  double,
  bool,
  string: text,
  bytes,
};

/** Map keys are texts in memory, whatever their proto type is. */
export function keyCheck(keyType: string): ScalarCheck {
  if (keyType === 'string') return text;
  if (keyType === 'bool') return (key) => (key === 'true' || key === 'false' ? undefined : 'must be true or false');
  const check = SCALAR_CHECKS[keyType] ?? text;
  if (keyType.endsWith('64')) return check;
  return (key) => (typeof key === 'string' && DECIMAL.test(key) ? check(Number(key)) : 'must be a decimal integer');
}
