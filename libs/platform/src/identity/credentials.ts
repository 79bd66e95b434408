import { UnauthenticatedError } from '@slipway/kernel';
import type { Credentials } from '@slipway/plugin-kit';

/** Longest header that is looked at; tokens of identity providers stay below 8 KiB, the limit of common HTTP servers. */
const AUTHORIZATION_CHARACTERS_MAX = 8_192;

/** One text for every refusal, so that it tells nobody which part was right. */
export const refusal = (): UnauthenticatedError =>
  new UnauthenticatedError('the credentials are missing or not valid; send a token as authorization: Bearer <token>');

/** Reads `authorization`: Bearer or Basic. @throws {UnauthenticatedError} on anything else. */
export function readCredentials(authorization: string | undefined): Credentials {
  if (authorization === undefined) return { scheme: 'none' };
  if (authorization.length > AUTHORIZATION_CHARACTERS_MAX) throw refusal();
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token: value };
  if (scheme.toLowerCase() === 'basic') return readBasic(value);
  throw refusal();
}

/** @see RFC 7617: base64 of `user:password`; only the first colon separates. */
function readBasic(value: string): Credentials {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) throw refusal();
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) throw refusal();
  return { scheme: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
