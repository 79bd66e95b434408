import type { IncomingMessage } from 'node:http';
import { isLoopback, isLoopbackHostHeader } from '../telemetry/loopback.ts';
import { HttpRefusal } from './failure.ts';

export interface OriginOptions {
  /** Address the listener is bound to. */
  readonly host: string;
  /** Names, with a port when it matters, that a `Host` header may hold. */
  readonly allowedHosts: readonly string[];
  /** Origins of other sites whose pages may call, as a browser writes them: scheme://host[:port]. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Keeps pages of other sites out: from a listener on loopback, which asks nobody who he is, they could otherwise read and change everything
 * through the browser of the person who runs it.
 */
export class OriginCheck {
  readonly #isLoopback: boolean;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ host, allowedHosts, allowedOrigins }: OriginOptions) {
    this.#isLoopback = isLoopback(host);
    this.#hosts = new Set(allowedHosts.map((name) => name.toLowerCase()));
    this.#origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  }

  /**
   * A name that points to this machine is not enough: the name has to be ours (DNS rebinding). A listener that others can reach answers to
   * every name unless it was given some; its callers show tokens, which no browser adds by itself.
   * @throws {HttpRefusal} 403
   */
  assertHost({ headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): void {
    const header = headers.host;
    if (isRepeated(rawHeaders)) throw new HttpRefusal(400, 'INVALID_ARGUMENT', 'there is more than one Host');
    if (this.#isLoopback && isLoopbackHostHeader(header)) return;
    const host = header?.toLowerCase() ?? '';
    if (this.#hosts.has(host) || this.#hosts.has(host.replace(/:\d{1,5}$/, ''))) return;
    if (!this.#isLoopback && this.#hosts.size === 0) return;
    throw forbidden('this Host is not served here; allow it with the allowed-hosts setting of the listener');
  }

  /** The origin when answers to it need its CORS headers; undefined for our own pages and for what is no browser. @throws {HttpRefusal} 403 */
  assertOrigin({ headers }: Pick<IncomingMessage, 'headers'>, isPage: boolean): string | undefined {
    const { origin } = headers;
    if (origin !== undefined) {
      if (origin.replace(/^https?:\/\//, '') === headers.host && origin !== headers.host) return undefined;
      if (this.#origins.has(origin.toLowerCase())) return origin;
      throw forbidden('pages of this origin may not call here');
    }
    const site = headers['sec-fetch-site']; // what a browser sends when it leaves out the origin: scripts, images, frames, links
    if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
    if (isPage && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document')
      return undefined;
    throw forbidden('pages of other sites may not call here');
  }
}

/** Node keeps the first one; whoever stands before it may have looked at the last one. */
function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}

const forbidden = (message: string): HttpRefusal => new HttpRefusal(403, 'PERMISSION_DENIED', message);
