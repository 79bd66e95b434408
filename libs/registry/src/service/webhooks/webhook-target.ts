import { isIP } from 'node:net';
import { urlRefused } from '../../domain/webhooks/webhook-errors.ts';
import { isPublicAddress } from './public-addresses.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

export interface WebhookTarget {
  readonly url: URL;
  /** Name or address, without brackets. */
  readonly host: string;
  /** An operator named it: http and private addresses are fine. */
  readonly trusted: boolean;
}

/**
 * Reads the address of a webhook. Decimal, octal and hexadecimal addresses have become dotted ones when this returns.
 * @param allowedHosts `host` or `host:port`.
 * @throws {InvalidArgumentError} reason WEBHOOK_URL_REFUSED.
 */
export function readTarget(text: string, allowedHosts: readonly string[]): WebhookTarget {
  if (!URL.canParse(text) || /[\s\\]|[^\x21-\x7e]/.test(text))
    throw urlRefused('is not an address; use https://host/path');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw urlRefused('has another scheme than https');
  if (url.username !== '' || url.password !== '') throw urlRefused('must not hold a user or a password');
  if (text.includes('#')) throw urlRefused('must not have a fragment');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const names = [url.hostname, `${url.hostname}:${port}`];
  const trusted = allowedHosts.some((allowed) => names.includes(allowed.toLowerCase()));
  if (url.protocol !== 'https:' && !trusted) throw urlRefused('must begin with https://');
  if (!trusted && isIP(host) !== 0) assertPublic([{ address: host, family: isIP(host) }]);
  return { url, host, trusted };
}

/** @throws {InvalidArgumentError} when one of them is not public: a name that leads to both kinds is a trick. */
export function assertPublic(addresses: readonly ResolvedAddress[]): void {
  if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
    throw urlRefused('leads to an address that is not of the public internet; an operator can allow the host');
  }
}

/** Where to connect: checked just now, and the connection goes to these addresses and no others. */
export async function resolveTarget(
  { host, trusted }: WebhookTarget,
  resolve: Resolve,
): Promise<readonly ResolvedAddress[]> {
  const family = isIP(host);
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
  if (!trusted) assertPublic(addresses);
  return addresses;
}
