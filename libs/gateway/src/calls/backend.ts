import { createClient, grpcTransport, inProcessTransport, type ClientTransport } from '@slipway/clients';
import type { MethodDescriptor } from '@slipway/contracts';
import { health } from '@slipway/contracts/grpc.health.v1';
import type { Component } from '@slipway/kernel';
import { createInvoker, type InvokerDependencies, type Readiness, type ServiceModule } from '@slipway/platform';

/** A loaded contract with the types of its messages erased. */
export interface AnyService {
  readonly typeName: string;
  readonly methods: Readonly<Record<string, MethodDescriptor>>;
}

/** Where calls go: one service of the system, in this process or in another. */
export interface Backend {
  /** As people call it, e.g. `registry`; unique. */
  readonly name: string;
  /** `host:port`, or words for this process. */
  readonly address: string;
  readonly services: readonly AnyService[];
  readonly transport: ClientTransport;
  /** Never rejects. */
  check(signal: AbortSignal): Promise<Readiness>;
}

/** A module of this process; calls go through the same chain as over gRPC, with the caller's own token. */
export function localBackend(
  name: string,
  module: Pick<ServiceModule, 'services' | 'isReady'>,
  services: readonly AnyService[],
  dependencies: InvokerDependencies,
): Backend {
  const invokers = module.services.map((service) => createInvoker(service, dependencies));
  return {
    name,
    address: 'in this process',
    services,
    transport: inProcessTransport({ invokers, clock: dependencies.clock }),
    check: async () => module.isReady(),
  };
}

const HEALTH_TIMEOUT_MS = 2_000;

/** A service behind gRPC. No token of ours goes there: calls carry the one of their caller, health is public. */
export function remoteBackend(
  name: string,
  address: string,
  services: readonly AnyService[],
  tls?: Parameters<typeof grpcTransport>[0]['tls'],
): Backend {
  const transport = grpcTransport({ address, ...(tls && { tls }) });
  const probe = createClient(health, transport);
  return {
    name,
    address,
    services,
    transport,
    check: async (signal) => {
      try {
        for (const { typeName } of services) {
          const { status } = await probe.check({ service: typeName }, { signal, timeoutMs: HEALTH_TIMEOUT_MS });
          if (status !== 'SERVING') return { ready: false, reason: `${typeName} is ${status}` };
        }
        return { ready: true };
      } catch (error) {
        return { ready: false, reason: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** Ends the connections of all backends with the process. */
export function backendConnections(backends: readonly Backend[]): Component {
  return {
    name: 'connections of the gateway',
    start: async () => undefined,
    stop: async () => void (await Promise.all(backends.map(({ transport }) => transport.close()))),
  };
}
