import {
  Server,
  ServerCredentials,
  type ChannelOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Component } from '@slipway/kernel';
import { bindMethod } from './grpc-bindings.ts';
import type { ServiceImplementation } from './handler.ts';
import { healthService, ServingStates } from './health-service.ts';
import { tuneHttp2 } from './http2-tuning.ts';
import { createInvoker, type Invoker, type InvokerDependencies } from './invoker.ts';
import { reflectionServices } from './reflection-service.ts';
import { StallWatch } from './stall-watch.ts';
import { keepEncoded } from './wire-codec.ts';

/** Bounds of one server; all may be left to their defaults. */
export interface GrpcServerLimits {
  /** One message in either direction, decompressed. */
  readonly messageBytesMax: number;
  /** Calls at once on one connection. */
  readonly concurrentStreamsMax: number;
  readonly connectionsMax: number;
  /** All headers of one call. */
  readonly headerBytesMax: number;
  /** A request has to arrive whole, and the next message of a stream to come, within this time. */
  readonly stallMs: number;
  /** Connections are closed gracefully at this age, so that new replicas get their share; Infinity keeps them. */
  readonly connectionAgeMs: number;
  /** What a call has left to end once its connection reached that age. */
  readonly connectionAgeGraceMs: number;
  /** A connection without calls is closed after this time. */
  readonly connectionIdleMs: number;
  /** The server asks a silent peer this often whether it is still there, and waits this long for the answer. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

export const GRPC_SERVER_LIMITS: GrpcServerLimits = {
  messageBytesMax: 64 * 1024 * 1024, // a batch of tensors; anything larger is an artifact and goes in chunks
  concurrentStreamsMax: 1_000, // the clients we know open at most a few hundred
  connectionsMax: 10_000,
  headerBytesMax: 16 * 1024, // twice what gRPC peers send at most by default
  stallMs: 60_000, // 64 MiB at 1 MiB/s
  connectionAgeMs: Number.POSITIVE_INFINITY,
  connectionAgeGraceMs: 60_000,
  connectionIdleMs: 30 * 60_000,
  keepaliveMs: 60_000,
  keepaliveTimeoutMs: 20_000,
};

export interface GrpcServerOptions {
  readonly services: readonly ServiceImplementation[];
  /** Address to listen on; the IPv6 form without brackets. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM. With `ca` every client has to show a certificate of it. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer };
  readonly limits?: Partial<GrpcServerLimits>;
  readonly dependencies: InvokerDependencies;
  readonly reflection: boolean;
}

export interface GrpcServer extends Component {
  /** Listens; `port` is known afterwards and every service serves. */
  start(signal: AbortSignal): Promise<void>;
  /** Health NOT_SERVING, no new connection and no new call; resolves when the accepted ones have ended, rejects when the signal aborts. */
  drain(signal: AbortSignal): Promise<void>;
  /** Ends what is left with CANCELLED. */
  stop(): Promise<void>;
  /** The bound port. @throws {Error} before `start`. */
  readonly port: number;
  readonly states: ServingStates;
  /** @param service full name. @throws {RangeError} for a service this server does not have. */
  setServing(service: string, serving: boolean): void;
}

function channelOptions(limits: GrpcServerLimits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc.max_send_message_length': limits.messageBytesMax,
    'grpc.max_concurrent_streams': limits.concurrentStreamsMax,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': limits.connectionIdleMs,
    'grpc.enable_channelz': 0, // its bookkeeping costs every call and nothing here reads it
    ...(Number.isFinite(limits.connectionAgeMs) && {
      'grpc.max_connection_age_ms': limits.connectionAgeMs,
      'grpc.max_connection_age_grace_ms': limits.connectionAgeGraceMs,
    }),
  };
}

function credentialsOf(tls: GrpcServerOptions['tls']): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(
    tls.ca ?? null,
    [{ cert_chain: tls.cert, private_key: tls.key }],
    tls.ca !== undefined,
  );
}

function addService(server: Server, invoker: Invoker, stalls: StallWatch, nowMs: () => number): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const method of invoker.methods.values()) {
    const { name, wire } = method.descriptor;
    definition[name] = { ...wire, requestDeserialize: keepEncoded };
    handlers[name] = bindMethod(method, stalls, nowMs);
  }
  server.addService(definition, handlers);
}

function bind(server: Server, host: string, port: number, credentials: ServerCredentials): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error) reject(new Error(`cannot listen on ${address}`, { cause: error }));
      else resolve(bound);
    });
  });
}

/** Resolves when all sessions are closed. grpc-js sends GOAWAY, refuses new calls and lets the accepted ones end. */
function closeGracefully(server: Server, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('drain was aborted'));
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) return aborted();
    server.tryShutdown((error) => {
      signal.removeEventListener('abort', aborted);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Services of ours on a gRPC port, with health and, when wanted, reflection. Opens nothing before `start`. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits: GrpcServerLimits = { ...GRPC_SERVER_LIMITS, ...options.limits };
  const { dependencies } = options;
  const names = options.services.map(({ typeName }) => typeName);
  const states = new ServingStates(names);
  const health = healthService(states);
  const builtIn = [health, ...(options.reflection ? reflectionServices([...names, health.typeName]) : [])];
  const invokers = [...options.services, ...builtIn].map((service) => createInvoker(service, dependencies));
  const nowMs = (): number => Number(dependencies.clock.now() / 1000n);
  const stalls = new StallWatch(limits.stallMs, () => dependencies.clock.monotonicMs());
  const streaming = new Set(
    invokers
      .flatMap(({ methods }) => [...methods.values()])
      .flatMap(({ descriptor }) => {
        return descriptor.wire.requestStream ? [descriptor.path] : [];
      }),
  );
  const server = new Server(channelOptions(limits));
  tuneHttp2(server, limits, stalls, (path) => streaming.has(path));
  for (const invoker of invokers) addService(server, invoker, stalls, nowMs);
  const sweeping = new AbortController();
  let port: number | undefined;
  return {
    name: 'grpc server',
    states,
    get port() {
      if (port === undefined) throw new Error('the grpc server has not been started');
      return port;
    },
    setServing: (service, serving) => states.setServing(service, serving),
    start: async (signal) => {
      signal.throwIfAborted();
      port = await bind(server, options.host, options.port, credentialsOf(options.tls));
      stalls.start(sweeping.signal);
      states.setAll(true);
    },
    drain: async (signal) => {
      states.close();
      await closeGracefully(server, signal);
    },
    stop: () => {
      states.close();
      sweeping.abort();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
