import type { JsonValue } from '@slipway/kernel';
import { readDurationMs } from '../duration.ts';
import { readDate, shiftDate } from './times.ts';

/** Where a value comes from: `parameters.until`, `steps.train.version`, `event.day`, `tick.day`. */
export type ReferencePath = readonly [root: string, ...names: string[]];

export interface Expression {
  readonly path: ReferencePath;
  /** Of `date(...)`: milliseconds that are added; undefined for a plain reference. */
  readonly shiftMs: number | undefined;
}

/** A text with expressions in it, cut at their ends. */
export type Template = readonly (string | Expression)[];

/** Why a text is no template; `description` is for people. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const EXPRESSIONS_MAX = 32;
const NAME = '[A-Za-z0-9][A-Za-z0-9_-]*';
const PATH = `${NAME}(?:\\.${NAME})+`;
const REFERENCE = new RegExp(`^${PATH}$`);
const DATE = new RegExp(`^date\\(\\s*(${PATH})\\s*\\)(?:\\s*([+-])\\s*(\\w+))?$`);
const FORMS = "use '${parameters.name}', '${steps.name.field}' or '${date(parameters.name) - 28d}'";

/**
 * Reads a text. The whole grammar: `${a.b}`, `${a.b.c}`, `${date(a.b)}`, `${date(a.b) + 7d}` and `${date(a.b) - 28d}`, any number of them between
 * other text. There is no way to write a literal `${`.
 * @throws {TemplateError}
 */
export function parseTemplate(text: string): Template {
  const parts: (string | Expression)[] = [];
  let at = 0;
  for (let count = 0; ; count += 1) {
    const begin = text.indexOf('${', at);
    if (begin < 0) break;
    if (count === EXPRESSIONS_MAX) throw new TemplateError(`has more than ${EXPRESSIONS_MAX} expressions`);
    const end = text.indexOf('}', begin);
    if (end < 0) throw new TemplateError("has '${' without '}'");
    if (begin > at) parts.push(text.slice(at, begin));
    parts.push(parseExpression(text.slice(begin + 2, end).trim()));
    at = end + 1;
  }
  if (at < text.length || parts.length === 0) parts.push(text.slice(at));
  return parts;
}

function parseExpression(text: string): Expression {
  if (REFERENCE.test(text)) return { path: text.split('.') as unknown as ReferencePath, shiftMs: undefined };
  const [, path, sign, duration] = DATE.exec(text) ?? [];
  if (path === undefined) throw new TemplateError(`'\${${text.slice(0, 80)}}' is no expression; ${FORMS}`);
  const shift = duration === undefined ? 0 : readDurationMs(duration);
  if (shift === undefined) {
    throw new TemplateError(`'${duration}' is no duration; write e.g. 12h, 28d or 4w`);
  }
  return { path: path.split('.') as unknown as ReferencePath, shiftMs: sign === '-' ? -shift : shift };
}

/** Expressions of a text. @throws {TemplateError} */
export const expressionsOf = (text: string): readonly Expression[] =>
  parseTemplate(text).filter((part) => typeof part !== 'string');

/**
 * The text with its values. One expression alone keeps the type of its value; among other text it becomes text.
 * @param lookUp undefined for what there is not.
 * @throws {TemplateError} when a value is missing, is no date, or cannot be text.
 */
export function fillTemplate(text: string, lookUp: (path: ReferencePath) => JsonValue | undefined): JsonValue {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && typeof only !== 'string') return valueOf(only, lookUp);
  return parts.map((part) => (typeof part === 'string' ? part : textOf(part, valueOf(part, lookUp)))).join('');
}

function valueOf({ path, shiftMs }: Expression, lookUp: (path: ReferencePath) => JsonValue | undefined): JsonValue {
  const name = path.join('.');
  const value = lookUp(path);
  if (value === undefined || value === null) throw new TemplateError(`'${name}' has no value`);
  if (shiftMs === undefined) return value;
  const date = typeof value === 'string' ? readDate(value) : undefined;
  if (!date) throw new TemplateError(`'${name}' is no date: use YYYY-MM-DD or an ISO 8601 time that ends in Z`);
  return shiftDate(date, shiftMs);
}

function textOf({ path }: Expression, value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`'${path.join('.')}' is a list or an object and cannot stand within text`);
}

/** Every text of a value with the path to it. */
export function* textsOf(
  value: JsonValue,
  path: readonly PropertyKey[] = [],
): Generator<{ readonly text: string; readonly path: readonly PropertyKey[] }, void, undefined> {
  if (typeof value === 'string') yield { text: value, path };
  else if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* textsOf(each, [...path, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [key, each] of Object.entries(value)) yield* textsOf(each, [...path, key]);
}

/** A value with every text in it filled. @throws {TemplateError} */
export function fillValue(value: JsonValue, lookUp: (path: ReferencePath) => JsonValue | undefined): JsonValue {
  if (typeof value === 'string') return fillTemplate(value, lookUp);
  if (Array.isArray(value)) return value.map((each) => fillValue(each, lookUp));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fillValue(each, lookUp)]));
}
