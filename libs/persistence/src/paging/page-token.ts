import { createHash } from 'node:crypto';
import { canonicalJson, InvalidArgumentError } from '@slipway/kernel';
import { decodeExact, encodeExact } from '../unit-of-work/exact-json.ts';

/** A value that lists are sorted by. */
export type PageKey = string | bigint | number | boolean | null;

/** What a token belongs to; with anything else it is refused. */
export interface PageQuery {
  readonly method: string;
  readonly workspace: string;
  /** The filter as given; anything with a JSON form. */
  readonly filter: unknown;
  readonly orderBy: string;
}

const TOKEN_CHARS_MAX = 8_192;

const bindingOf = (query: PageQuery): string =>
  createHash('sha256')
    .update(canonicalJson([query.method, query.workspace, query.filter ?? null, query.orderBy]))
    .digest('base64url')
    .slice(0, 22); // 128 bits: it guards against mistakes; permissions are checked with every call

/** Token for the page after the row with these sort values. Opaque to clients, exact for 64-bit integers. */
export function encodePageToken(query: PageQuery, after: readonly PageKey[]): string {
  return Buffer.from(encodeExact([bindingOf(query), ...after])).toString('base64url');
}

/**
 * @returns the sort values of the last row, `undefined` for '' (the first page).
 * @throws {InvalidArgumentError} on field page_token when it is none, or one of another query, workspace or order.
 */
export function decodePageToken(query: PageQuery, token: string): readonly PageKey[] | undefined {
  if (token === '') return undefined;
  const [binding, ...keys] = readToken(token);
  if (binding !== bindingOf(query)) {
    throw InvalidArgumentError.of(
      'page_token',
      'belongs to another query; keep filter and order, or begin without it',
      {
        reason: 'PAGE_TOKEN_MISMATCH',
      },
    );
  }
  return keys;
}

function readToken(token: string): readonly PageKey[] {
  const refuse = (cause?: unknown): never => {
    throw InvalidArgumentError.of('page_token', 'is not a token of ours; begin without it', {
      reason: 'PAGE_TOKEN_INVALID',
      cause,
    });
  };
  if (token.length > TOKEN_CHARS_MAX || !/^[A-Za-z0-9_-]+$/.test(token)) refuse();
  try {
    const value = decodeExact(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(value) && value.every(isPageKey)) return value;
  } catch (cause) {
    refuse(cause);
  }
  return refuse();
}

const isPageKey = (value: unknown): value is PageKey =>
  value === null || ['string', 'bigint', 'number', 'boolean'].includes(typeof value);
