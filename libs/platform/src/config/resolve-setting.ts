import { readFileSync } from 'node:fs';
import { Secret } from '@slipway/kernel';
import { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import { environmentName, flagName } from './setting-names.ts';
import type { Setting } from './setting.ts';
import { SOURCES, type Given } from './sources.ts';

export type Resolved =
  { readonly value: unknown; readonly origin: string } | { readonly problems: readonly ConfigProblem[] };

const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const SECRET_BYTES_MAX = 64 * 1024;

/**
 * The value of one setting from what the sources said of it.
 * @param given for the key itself. @param fromFiles for `<key>-file`, secrets only.
 */
export function resolveSetting(
  key: string,
  setting: Setting,
  given: readonly Given[],
  fromFiles: readonly Given[],
): Resolved {
  const winner = strongest(given);
  const pointer = strongest(fromFiles);
  const rank = (one: Given | undefined): number => (one ? SOURCES.indexOf(one.source) : Infinity);
  if (winner && rank(winner) === rank(pointer)) {
    return wrong(key, `is given twice, as '${key}' and as '${key}-file' (from ${winner.origin}); keep one`);
  }
  if (pointer && rank(pointer) < rank(winner)) return readSecretFile(key, setting, pointer);
  if (winner) return parse(key, setting, winner.value, winner);
  if ('default' in setting) return { value: setting.default, origin: 'default' };
  if (setting.schema instanceof z.ZodOptional) return { value: undefined, origin: 'default' };
  return wrong(key, `is required; give --${flagName(key)} or ${environmentName(key)}, or name it in the file`);
}

function strongest(given: readonly Given[]): Given | undefined {
  return SOURCES.map((source) => given.find((each) => each.source === source)).find((each) => each !== undefined);
}

function parse(key: string, setting: Setting, raw: unknown, { source, origin }: Given): Resolved {
  const shown = setting.secret ? '' : `=${shorten(raw)}`;
  const problem = (text: string): Resolved => wrong(key, `${text} (from ${origin}${shown})`);
  if (raw === null || raw === undefined) return problem('has no value; leave it out to get the default');
  if (raw === '' && source !== 'file') return problem('is empty; leave it out to get the default');
  const parsed = setting.schema.safeParse(raw);
  if (!parsed.success) return problem(parsed.error.issues.map(describeIssue).join('; '));
  if (isRepaired(raw, parsed.data)) return problem('is not a decimal number');
  return { value: setting.secret ? new Secret(String(parsed.data)) : deepFreeze(parsed.data), origin };
}

const describeIssue = ({ path, message }: z.core.$ZodIssue): string =>
  path.length === 0 ? message : `${path.join('.')}: ${message}`;

/** `z.coerce.number()` would read `true`, `0x10`, spaces and dates as numbers. */
function isRepaired(raw: unknown, value: unknown): boolean {
  if (typeof value !== 'number' || typeof raw === 'number') return false;
  return typeof raw !== 'string' || !DECIMAL.test(raw);
}

function readSecretFile(key: string, setting: Setting, pointer: Given): Resolved {
  if (typeof pointer.value !== 'string') return wrong(`${key}-file`, `is not a path (from ${pointer.origin})`);
  let text: string;
  try {
    const bytes = readFileSync(pointer.value);
    if (bytes.byteLength > SECRET_BYTES_MAX) throw new Error(`it is larger than ${SECRET_BYTES_MAX} bytes`);
    text = bytes.toString('utf8').replace(/\r?\n$/, ''); // editors end a file with a newline; it is no part of the secret
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return wrong(`${key}-file`, `cannot be read: ${cause} (from ${pointer.origin})`);
  }
  if (text === '') return wrong(`${key}-file`, `names an empty file '${pointer.value}' (from ${pointer.origin})`);
  return parse(key, setting, text, { ...pointer, origin: `file ${pointer.value}, named by ${pointer.origin}` });
}

const wrong = (setting: string, description: string): Resolved => ({ problems: [{ setting, description }] });

function shorten(raw: unknown): string {
  const text = typeof raw === 'string' ? raw : (JSON.stringify(raw) ?? String(raw));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function deepFreeze<Value>(value: Value): Value {
  const isPlain = Array.isArray(value) || (typeof value === 'object' && value !== null && value.constructor === Object);
  if (!isPlain) return value;
  Object.values(value as object).forEach(deepFreeze);
  return Object.freeze(value);
}
