import {
  FILE_PATH_PATTERN,
  MODEL_NAME_PATTERN,
  NAME_PATTERN,
  SHA256_PATTERN,
  WORKSPACE_PATTERN,
} from '@slipway/kernel';
import type protobuf from 'protobufjs';

/** Defaults of `slipway.common.v1.FieldRules`, as written in options.proto. */
export const TEXT_BYTES_MAX = 1_024;
export const ITEMS_MAX = 1_000;
/** Keys are names of things; the contract has no rule for them. */
export const MAP_KEY_BYTES_MAX = 256;

/** A known form of text and how to say it. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly description: string;
}

const FORMS: Readonly<Record<string, TextForm>> = {
  TEXT_FORMAT_NAME: {
    pattern: NAME_PATTERN,
    description: 'must be 1..128 of letters, digits, ".", "_", "-", beginning with a letter or digit',
  },
  TEXT_FORMAT_WORKSPACE: {
    pattern: WORKSPACE_PATTERN,
    description: 'must be 1..63 lower-case letters, digits and "-", beginning and ending with a letter or digit',
  },
  TEXT_FORMAT_SHA256: { pattern: SHA256_PATTERN, description: 'must be 64 lower-case hexadecimal digits' },
  TEXT_FORMAT_REQUEST_ID: {
    pattern: /^[\x21-\x7e]{1,128}$/,
    description: 'must be 1..128 printable ASCII characters without spaces',
  },
  TEXT_FORMAT_ARTIFACT_PATH: {
    pattern: /^[A-Za-z0-9_=@+,~ -][A-Za-z0-9._=@+,~ -]*(?:\/[A-Za-z0-9_=@+,~ -][A-Za-z0-9._=@+,~ -]*)*$/,
    description: 'must be a relative path of letters, digits and "._=@+,~ -", no segment beginning with a dot',
  },
  TEXT_FORMAT_MODEL_NAME: {
    pattern: MODEL_NAME_PATTERN,
    description: `must be 1..200 letters, digits, spaces and "._-()+,=&#!", beginning and ending with a letter or digit`,
  },
  TEXT_FORMAT_FILE_PATH: {
    pattern: FILE_PATH_PATTERN,
    description:
      'Invalid path: must be relative, without empty, "." or ".." segments, backslashes, control characters and escapes',
  },
};

/** The rules of one field with their defaults filled in; undefined is no bound. */
export interface FieldRules {
  readonly required: boolean;
  readonly bytesMax: number | undefined;
  readonly itemsMax: number;
  readonly form: TextForm | undefined;
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly finite: boolean;
}

const OPTION = '(slipway.common.v1.rules).';

function integerOption(field: protobuf.Field, name: string): bigint | undefined {
  const value: unknown = field.options?.[OPTION + name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new Error(`${field.fullName}: ${name} is not exact`);
  if (typeof value !== 'number' && typeof value !== 'string')
    throw new Error(`${field.fullName}: ${name} is no number`);
  return BigInt(value);
}

/** @throws {Error} on a rule that cannot be meant: a fault of the contract. */
export function readFieldRules(field: protobuf.Field): FieldRules {
  const option = (name: string): unknown => field.options?.[OPTION + name];
  const format = option('format');
  const form = typeof format === 'string' ? FORMS[format] : undefined;
  if (format !== undefined && !form)
    throw new Error(`${field.fullName}: unknown text format ${JSON.stringify(format)}`);
  const bytesMax = integerOption(field, 'max_bytes');
  return {
    required: option('required') === true,
    bytesMax: bytesMax === undefined ? (field.type === 'string' ? TEXT_BYTES_MAX : undefined) : Number(bytesMax),
    itemsMax: Number(integerOption(field, 'max_items') ?? ITEMS_MAX),
    form,
    min: integerOption(field, 'min'),
    max: integerOption(field, 'max'),
    finite: option('finite') === true,
  };
}
