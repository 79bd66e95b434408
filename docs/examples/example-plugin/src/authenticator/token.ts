import { createHmac, timingSafeEqual } from 'node:crypto';
import { NAME_PATTERN, WORKSPACE_PATTERN, type Identity } from '@slipway/plugin-kit';

/** What a token says, and its signature covers. */
export interface Claims extends Identity {
  /** Milliseconds since 1970; not valid from then on. */
  readonly expires: number;
}

const TOKEN_CHARACTERS_MAX = 4_096;
const TOKEN = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

const signatureOf = (key: Uint8Array, payload: string): Buffer => createHmac('sha256', key).update(payload).digest();

/** `<claims as JSON>.<HMAC-SHA256 of them>`, both base64url. @param key 32 bytes or more, the same as the server's. */
export function signToken(key: Uint8Array, claims: Claims): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${payload}.${signatureOf(key, payload).toString('base64url')}`;
}

/** What a token says; undefined when it was not signed with this key. Nothing of it is read before that is known. */
export function readToken(key: Uint8Array, token: string): Claims | undefined {
  const match = token.length <= TOKEN_CHARACTERS_MAX ? TOKEN.exec(token) : null;
  const [, payload = '', signature = ''] = match ?? [];
  const given = Buffer.from(signature, 'base64url');
  const expected = signatureOf(key, payload);
  if (!match || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return toClaims(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
}

/** Whoever has the key may still sign nonsense. */
function toClaims(value: unknown): Claims | undefined {
  const { principal, workspaces, roles, expires } = (value ?? {}) as Partial<Record<keyof Claims, unknown>>;
  if (typeof principal !== 'string' || !NAME_PATTERN.test(principal)) return undefined;
  if (typeof expires !== 'number' || !isTexts(workspaces) || !isTexts(roles) || workspaces.length === 0)
    return undefined;
  if (!workspaces.every((workspace) => workspace === '*' || WORKSPACE_PATTERN.test(workspace))) return undefined;
  return roles.includes('') ? undefined : { principal, workspaces, roles, expires };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
