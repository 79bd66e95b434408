import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { assertPermitted, InvalidArgumentError, UnavailableError, type Component } from '@slipway/kernel';
import { requestIds } from '../rpc/call.ts';
import { CallCancelledError } from '../rpc/errors.ts';
import type { GrpcServerOptions } from '../rpc/grpc-server.ts';
import { WORKSPACE_HEADER, type InvokerDependencies } from '../rpc/invoker.ts';
import { StallWatch } from '../rpc/stall-watch.ts';
import { BODY_BYTES_MAX, Exchange, type BoundRoute, type ExchangeContext } from './exchange.ts';
import { HttpRefusal } from './failure.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { OriginCheck } from './origin.ts';
import { assertBodySize, decompress, hasBody, readBody } from './request-body.ts';
import { Router } from './router.ts';
import type { HttpListenerName, HttpReply, HttpRoutes } from './route.ts';

/** Bounds of one listener. */
export interface HttpServerLimits {
  readonly connectionsMax: number;
  readonly headerBytesMax: number;
  /** From the first byte of a connection or request to the end of its headers. */
  readonly headersMs: number;
  /** A collected body has to arrive whole, the next chunk of a stream to come, and a client to read on within this time. */
  readonly stallMs: number;
  /** A connection without a request is closed after this time. */
  readonly keepAliveMs: number;
  /** While draining, how long idle connections are still answered (with `connection: close`), so that a request under way is not lost. */
  readonly drainGraceMs: number;
}

export const HTTP_SERVER_LIMITS: HttpServerLimits = {
  connectionsMax: 10_000,
  headerBytesMax: 16 * 1024, // twice the longest token that is looked at
  headersMs: 10_000,
  stallMs: 60_000, // 64 MiB at 1 MiB/s, as over gRPC
  keepAliveMs: 65_000, // load balancers reuse connections for 60 s; ending them first would lose requests
  drainGraceMs: 200,
};

export interface HttpServerOptions {
  readonly listener: HttpListenerName;
  /** Each for this listener. */
  readonly modules: readonly HttpRoutes[];
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly tls?: GrpcServerOptions['tls'] | undefined;
  readonly limits?: Partial<HttpServerLimits>;
  readonly dependencies: Omit<InvokerDependencies, 'metrics'>;
  readonly metrics: HttpMetrics;
}

/** Header of MLflow's clients for what `slipway-workspace` says. */
const MLFLOW_WORKSPACE_HEADER = 'x-mlflow-workspace';
const PREFLIGHT_SECONDS = '600';

/** Routes of modules on one HTTP port. Opens nothing before `start`. */
export class HttpServer implements Component {
  readonly name: string;
  readonly listener: HttpListenerName;
  readonly #options: HttpServerOptions;
  readonly #limits: HttpServerLimits;
  readonly #server: Server;
  readonly #router: Router<BoundRoute>;
  readonly #origins: OriginCheck;
  readonly #stalls: StallWatch;
  readonly #shared: ExchangeContext;
  readonly #active = new Set<Exchange>();
  readonly #draining = new AbortController();
  readonly #stopped = new AbortController();
  #closing = false;
  #idle: (() => void) | undefined;

  constructor(options: HttpServerOptions) {
    const { listener, modules, dependencies, metrics } = options;
    this.name = `${listener} listener`;
    this.listener = listener;
    this.#options = options;
    this.#limits = { ...HTTP_SERVER_LIMITS, ...options.limits };
    this.#router = new Router(modules.flatMap((owner) => owner.routes.map((route) => bindRoute(route, owner))));
    this.#origins = new OriginCheck(options);
    this.#stalls = new StallWatch(this.#limits.stallMs, () => dependencies.clock.monotonicMs());
    this.#shared = {
      clock: dependencies.clock,
      log: dependencies.log,
      nextRequestId: requestIds(dependencies.ids),
      draining: this.#draining.signal,
      stalls: this.#stalls,
      tracer: dependencies.tracer,
      isClosing: () => this.#closing,
      finished: (method, route, status, seconds) => metrics.finished(listener, method, route, status, seconds),
    };
    metrics.watch(listener, () => this.#active.size);
    this.#server = createListener(options.tls, this.#limits);
    const accept = (request: IncomingMessage, response: ServerResponse): void => this.#accept(request, response, false);
    this.#server.on('request', accept);
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
      this.#accept(request, response, true),
    );
    this.#server.on('clientError', refuseUnreadable);
  }

  /** The bound port. @throws {Error} before `start`. */
  get port(): number {
    const address = this.#server.address() as AddressInfo | null;
    if (!address) throw new Error(`the ${this.name} does not listen`);
    return address.port;
  }

  /** @throws {UnavailableError} when the address is taken or not of this machine. */
  async start(signal: AbortSignal): Promise<void> {
    const { host, port, listener } = this.#options;
    this.#server.listen({ host, port });
    try {
      await once(this.#server, 'listening', { signal });
    } catch (error) {
      const text = `cannot listen on ${host}:${port}; choose another with ${listener}.host and ${listener}.port`;
      throw new UnavailableError(text, { cause: error });
    }
    this.#stalls.start(this.#stopped.signal);
  }

  /** From now on every answer ends its connection, so that clients find their way to another replica. */
  announceDrain(): void {
    this.#closing = true;
  }

  /** No new connection and no new request; resolves when the accepted ones are answered, rejects when the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.announceDrain();
    if (!this.#server.listening) return;
    await this.#options.dependencies.clock.sleep(this.#limits.drainGraceMs, signal);
    this.#draining.abort();
    this.#server.close();
    while (this.#active.size > 0) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#server.closeAllConnections(); // what is left has no request
  }

  async stop(): Promise<void> {
    this.#draining.abort();
    this.#stopped.abort();
    for (const exchange of this.#active) exchange.cancel(new CallCancelledError('the server stops'));
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    if (closed) this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #accept(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const exchange = new Exchange(request, response, this.#shared);
    exchange.expectsContinue = expectsContinue;
    this.#active.add(exchange);
    response.once('close', () => {
      exchange.closed();
      this.#active.delete(exchange);
      if (this.#active.size === 0) this.#idle?.();
    });
    this.#answer(exchange, request, response).then(
      (reply) => exchange.reply(reply),
      (error: unknown) => exchange.fail(error),
    );
  }

  async #answer(exchange: Exchange, request: IncomingMessage, response: ServerResponse): Promise<HttpReply> {
    exchange.renderUnrouted = this.#rendererOf(exchange.path);
    this.#origins.assertHost(request);
    if (request.method === 'OPTIONS' && request.headers.origin !== undefined) return this.#preflight(exchange, request);
    const match = this.#router.find(request.method ?? '', exchange.path);
    exchange.origin = this.#origins.assertOrigin(request, match?.route.isPage ?? false);
    if (!match) throw new HttpRefusal(404, 'NOT_FOUND', 'nothing is at this path');
    const { route } = match;
    exchange.route = route;
    exchange.params = match.params;
    await this.#admit(exchange, route.permission);
    await receive(exchange, request, response, this.#stalls);
    return exchange.handle(route);
  }

  /** Who calls, and may they: nothing of the body is looked at before that. */
  async #admit(exchange: Exchange, permission: string): Promise<void> {
    if (permission === 'public') return;
    const authorization = exchange.header('authorization');
    const workspace = workspaceOf(exchange);
    exchange.caller = await this.#options.dependencies.resolveCaller(
      { ...(authorization !== undefined && { authorization }), ...(workspace !== undefined && { workspace }) },
      exchange.signal,
    );
    if (permission !== 'authenticated') assertPermitted(exchange.caller, permission);
  }

  /** What a browser asks before a page of another site may call. */
  #preflight(exchange: Exchange, request: IncomingMessage): HttpReply {
    exchange.origin = this.#origins.assertOrigin(request, false);
    const headers = {
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '',
      'access-control-max-age': PREFLIGHT_SECONDS,
    };
    return { status: 204, headers };
  }

  #rendererOf(path: string): HttpRoutes['renderError'] {
    let longest = -1;
    let render: HttpRoutes['renderError'];
    for (const { prefix = '/', renderError } of this.#options.modules) {
      const isBelow = prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
      if (!isBelow || prefix.length <= longest) continue;
      longest = prefix.length;
      render = renderError;
    }
    return render;
  }
}

function bindRoute(route: HttpRoutes['routes'][number], owner: HttpRoutes): BoundRoute {
  if (route.permission === '') throw new Error(`${route.method} ${route.path} declares no permission`);
  return { ...route, handle: (request) => route.handle(request), owner };
}

function createListener(tls: HttpServerOptions['tls'], limits: HttpServerLimits): Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersMs,
    requestTimeout: 0, // bodies have limits of their own: an upload may take long as long as it goes on
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.max(100, Math.min(5_000, limits.headersMs / 2)),
  };
  const server = tls
    ? createTlsServer({
        ...options,
        ...tls,
        requestCert: tls.ca !== undefined,
        rejectUnauthorized: tls.ca !== undefined,
      })
    : createServer(options);
  server.maxConnections = limits.connectionsMax;
  return server;
}

/** The bytes are no HTTP, or too many or too slow for headers: nothing can be routed. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    { HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large', ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout' }[
      error.code ?? ''
    ] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function workspaceOf(exchange: Exchange): string | undefined {
  const own = exchange.header(WORKSPACE_HEADER);
  const mlflow = exchange.header(MLFLOW_WORKSPACE_HEADER);
  if (own !== undefined && mlflow !== undefined && own !== mlflow) {
    throw InvalidArgumentError.of(MLFLOW_WORKSPACE_HEADER, `names another workspace than ${WORKSPACE_HEADER}`);
  }
  return own ?? mlflow;
}

/** Takes the body as the route wants it. */
async function receive(
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  stalls: StallWatch,
): Promise<void> {
  const { body = 'none', bodyBytesMax = BODY_BYTES_MAX, contentEncodings = [] } = exchange.route ?? {};
  if (!hasBody(request)) return;
  if (body === 'none') throw new HttpRefusal(400, 'INVALID_ARGUMENT', 'no body is accepted here');
  const encoding = contentEncodings.find((each) => each === request.headers['content-encoding']);
  if (!encoding && (request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    const accepted = contentEncodings.join(', ') || 'identity';
    throw new HttpRefusal(415, 'INVALID_ARGUMENT', `content-encoding must be ${accepted}`, {
      'accept-encoding': accepted,
    });
  }
  assertBodySize(request, bodyBytesMax);
  if (exchange.expectsContinue) {
    exchange.expectsContinue = false;
    response.writeContinue();
  }
  if (body === 'stream') return;
  const bytes = await readBody(request, bodyBytesMax, stalls);
  exchange.body = encoding ? await decompress(bytes, encoding, bodyBytesMax) : bytes;
}
