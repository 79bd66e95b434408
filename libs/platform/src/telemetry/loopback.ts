import { isIP } from 'node:net';

/** Whether only this machine can reach a listener on `host` (a name or an address, IPv6 without brackets). */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/** The same for a `Host` header, which may carry a port. A missing one is not loopback. */
export function isLoopbackHostHeader(header: string | undefined): boolean {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header ?? '');
  return match !== null && isLoopback(match[1] ?? match[2] ?? '');
}
