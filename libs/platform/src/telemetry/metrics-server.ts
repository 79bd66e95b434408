import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UnavailableError, type Component, type Logger } from '@slipway/kernel';
import { isLoopback, isLoopbackHostHeader } from './loopback.ts';
import type { MetricsRegistry } from './metrics-registry.ts';

/** Whether a process or a part of it can do its work now; `reason` says why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 picks a free one; `port` of the server tells which. */
  readonly port: number;
  readonly registry: MetricsRegistry;
  readonly isReady: () => Readiness;
  readonly log: Logger;
}

/** Scrapers and probes are few; more connections than this are refused. */
const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/** Serves `/metrics`, `/livez` and `/readyz` over HTTP. It answers until it is stopped, also while the process drains. */
export class MetricsServer implements Component {
  readonly name = 'metrics';
  readonly #options: MetricsServerOptions;
  readonly #server: Server;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#options.log.error({ err: error, path: request.url }, 'a probe or scrape failed');
        if (!response.headersSent) send(response, 500, 'internal error\n');
      });
    });
  }

  /** The bound port. @throws {Error} before `start`. */
  get port(): number {
    const address = this.#server.address() as AddressInfo | null;
    if (!address) throw new Error('the metrics server does not listen');
    return address.port;
  }

  /** @throws {UnavailableError} when the address is taken or not of this machine. */
  async start(signal: AbortSignal): Promise<void> {
    const { host, port } = this.#options;
    this.#server.listen({ host, port });
    try {
      await once(this.#server, 'listening', { signal });
    } catch (error) {
      const text = `metrics cannot listen on ${host}:${port}; choose another with metrics.host and metrics.port`;
      throw new UnavailableError(text, { cause: error });
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // a page in a browser must not read this through a name that points to loopback
    if (isLoopback(this.#options.host) && !isLoopbackHostHeader(request.headers.host)) {
      return send(response, 403, 'this Host is not served here\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, 405, 'only GET\n', { allow: 'GET, HEAD' });
    const path = (request.url ?? '').split('?', 1)[0];
    if (path === '/livez') return send(response, 200, 'ok\n');
    if (path === '/readyz') {
      const { ready, reason } = this.#options.isReady();
      return send(response, ready ? 200 : 503, ready ? 'ok\n' : `${reason ?? 'not ready'}\n`);
    }
    if (path !== '/metrics') return send(response, 404, 'here are /metrics, /livez and /readyz\n');
    const { contentType, body } = await this.#options.registry.expose();
    send(response, 200, body, { 'content-type': contentType });
  }
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers });
  response.end(body);
}
