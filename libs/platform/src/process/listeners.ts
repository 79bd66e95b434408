import type { Clock, Component, Logger } from '@slipway/kernel';
import { HttpServer } from '../http/http-server.ts';
import type { HttpMetrics } from '../http/http-metrics.ts';
import { HTTP_LISTENERS, type HttpListenerName } from '../http/route.ts';
import { createGrpcServer, type GrpcServer, type GrpcServerOptions } from '../rpc/grpc-server.ts';
import type { InvokerDependencies } from '../rpc/invoker.ts';
import type { Readiness } from '../telemetry/metrics-server.ts';
import { LISTENERS, type AnyListenerName, type ListenerName, type ServiceModule } from './service-module.ts';

export interface ListenersOptions {
  readonly modules: readonly ServiceModule[];
  readonly addressOf: (listener: AnyListenerName) => { readonly host: string; readonly port: number };
  readonly originsOf: (listener: HttpListenerName) => {
    readonly allowedHosts: readonly string[];
    readonly allowedOrigins: readonly string[];
  };
  /** Asked for when there is a module that answers over HTTP. */
  readonly httpMetrics: () => HttpMetrics;
  readonly dependencies: InvokerDependencies;
  readonly reflection: boolean;
  readonly tls: GrpcServerOptions['tls'];
  /** Between NOT_SERVING and refusing calls, in milliseconds. */
  readonly noticeMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The gRPC and HTTP listeners of a process and the health of what listens there. */
export interface Listeners extends Component {
  /** Bound ports by listener, from `start` on. */
  readonly ports: Readonly<Partial<Record<AnyListenerName, number>>>;
  /** Ready when every module is, and serving has begun and not ended. */
  isReady(): Readiness;
}

/** Longest time that health lags behind a module. */
const READINESS_POLL_MS = 200;

/** Opens nothing before `start`. Listeners without a module are left out. */
export function createListeners(options: ListenersOptions): Listeners {
  return new ProcessListeners(options);
}

class ProcessListeners implements Listeners {
  readonly name = 'listeners';
  readonly ports: Partial<Record<AnyListenerName, number>> = {};
  readonly #options: ListenersOptions;
  readonly #servers = new Map<ListenerName, GrpcServer>();
  readonly #httpServers = new Map<HttpListenerName, HttpServer>();
  readonly #ended = new AbortController();
  readonly #reported = new Map<string, boolean>();
  #phase: 'starting' | 'serving' | 'draining' = 'starting';
  #polling: Promise<void> = Promise.resolve();

  constructor(options: ListenersOptions) {
    this.#options = options;
    for (const listener of LISTENERS) {
      const services = options.modules
        .filter((module) => module.listener === listener)
        .flatMap((each) => each.services);
      if (services.length === 0) continue;
      const { dependencies, reflection, tls } = options;
      const address = options.addressOf(listener);
      const server = createGrpcServer({ services, ...address, dependencies, reflection, ...(tls ? { tls } : {}) });
      this.#servers.set(listener, server);
    }
    for (const server of httpServersOf(options)) this.#httpServers.set(server.listener, server);
  }

  isReady(): Readiness {
    if (this.#phase !== 'serving') return { ready: false, reason: this.#phase };
    const reasons = this.#options.modules.flatMap((module) => {
      const { ready, reason } = module.isReady();
      return ready ? [] : [`${module.name}: ${reason ?? 'not ready'}`];
    });
    return reasons.length === 0 ? { ready: true } : { ready: false, reason: reasons.join('; ') };
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const [listener, server] of [...this.#servers, ...this.#httpServers]) {
      await server.start(signal);
      this.ports[listener] = server.port;
    }
    this.#phase = 'serving';
    this.#report(); // a server says SERVING when it starts
    this.#polling = this.#poll();
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#phase = 'draining';
    await this.#endPolling();
    for (const server of this.#servers.values()) server.states.setAll(false);
    for (const server of this.#httpServers.values()) server.announceDrain();
    await this.#options.clock.sleep(this.#options.noticeMs, signal);
    // HTTP first: what it has accepted may still call the services of this process
    await Promise.all([...this.#httpServers.values()].map((server) => server.drain(signal)));
    await Promise.all([...this.#servers.values()].map((server) => server.drain(signal)));
  }

  async stop(): Promise<void> {
    this.#phase = 'draining';
    await this.#endPolling();
    await Promise.all([...this.#httpServers.values(), ...this.#servers.values()].map((server) => server.stop()));
  }

  async #endPolling(): Promise<void> {
    this.#ended.abort();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        await this.#options.clock.sleep(READINESS_POLL_MS, signal);
      } catch {
        return; // draining
      }
      this.#report();
    }
  }

  /** Sets the health of each service to the readiness of its module, and logs what changes. */
  #report(): void {
    for (const module of this.#options.modules) {
      const { ready, reason } = module.isReady();
      if (this.#reported.get(module.name) === ready) continue;
      this.#reported.set(module.name, ready);
      const server = this.#servers.get(module.listener);
      for (const { typeName } of module.services) server?.setServing(typeName, ready);
      if (ready) this.#options.log.info({ module: module.name }, 'ready');
      else this.#options.log.warn({ module: module.name, reason }, 'not ready');
    }
  }
}

function httpServersOf(options: ListenersOptions): HttpServer[] {
  const { modules, dependencies, tls } = options;
  return HTTP_LISTENERS.flatMap((listener) => {
    const routes = modules.flatMap(({ http }) => (http?.listener === listener ? [http] : []));
    if (routes.length === 0) return [];
    const where = { ...options.addressOf(listener), ...options.originsOf(listener) };
    return [new HttpServer({ listener, modules: routes, ...where, dependencies, tls, metrics: options.httpMetrics() })];
  });
}
