import { InvalidArgumentError } from '@slipway/kernel';
import type { HttpRequest } from '@slipway/platform';
import { MlflowError } from './errors.ts';

/** JSON that is sent as it is written. */
interface RawJson {
  readonly rawJSON: string;
}
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => RawJson };
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** An int64 as a JSON number, with all of its digits. @param text decimal, as contracts give it. */
export function integerJson(text: string): number | RawJson {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : rawJSON(text);
}

/** A double as protobuf writes it: what is not finite is text. */
export const doubleJson = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const BIG_INTEGER = /^-?\d{16,}$/;

/** Integers beyond 2^53 become bigint. */
function parse(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text); // a reviver costs as much as the parser
  return parseWith(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
    return BIG_INTEGER.test(source) ? BigInt(source) : value;
  });
}

/** Fields of a body; what is empty or no JSON has none, and text that holds JSON, as old clients send it, is read once more. */
export function readBody(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  try {
    const json = parse(UTF8.decode(body));
    const fields = typeof json === 'string' ? parse(json) : json;
    return typeof fields === 'object' && fields !== null && !Array.isArray(fields)
      ? (fields as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** Pages of other sites can send other types without asking first. @throws {MlflowError} */
export function assertJsonType(request: Pick<HttpRequest, 'header'>): void {
  const type = (request.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  throw new MlflowError(400, 'INVALID_PARAMETER_VALUE', 'Bad Request. Content-Type must be application/json.');
}

/** @throws {InvalidArgumentError} when a text cannot travel as UTF-8. */
export function assertWellFormed(name: string, text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  throw InvalidArgumentError.of(name, 'must be text without NUL and without half surrogate pairs');
}
