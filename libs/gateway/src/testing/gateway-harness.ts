import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { aliasMoved, exposureLogged, predictionLogged, recordEvent, toBusMessage } from '@slipway/contracts';
import {
  createIdSource,
  seededRandom,
  silentLogger,
  systemClock,
  systemRandom,
  UnauthenticatedError,
  DeniedError,
  UnsupportedError,
  type Caller,
} from '@slipway/kernel';
import { createMemoryEventBus, type MemoryEventBus } from '@slipway/persistence/testing';
import {
  createHttpMetrics,
  createMetricsRegistry,
  createRpcMetrics,
  HttpServer,
  implementService,
  type CallContext,
  type Handlers,
  type HttpServerLimits,
  type InvokerDependencies,
  type MetricsRegistry,
  type ProcessContext,
  type ServiceImplementation,
} from '@slipway/platform';
import type { ServiceDescriptor } from '@slipway/contracts';
import { localBackend, type AnyService, type Backend } from '../calls/backend.ts';
import type { gatewaySettings } from '../gateway-settings.ts';
import { openGateway } from '../open-gateway.ts';

/** Handlers for some methods of a service; the others answer UNIMPLEMENTED. */
type Some<Shapes> = Partial<Handlers<Shapes>>;

/** What one call looked like to its service. */
export interface SeenCall {
  readonly method: string;
  readonly request: unknown;
  readonly caller: Caller;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly remainingMs: number | undefined;
}

export interface GatewayHarness {
  readonly url: string;
  readonly port: number;
  readonly bus: MemoryEventBus;
  readonly metrics: MetricsRegistry;
  readonly seen: SeenCall[];
  readonly server: HttpServer;
  /** Publishes alias.moved; the revision tells them apart. */
  publish(revision: number, workspace?: string, model?: string): Promise<void>;
  /** Publishes the samples of prediction.logged (two predictions) and exposure.logged (one). */
  publishTelemetry(workspace?: string): Promise<void>;
  stop(): Promise<void>;
}

export interface HarnessOptions {
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly limits?: Partial<HttpServerLimits>;
  readonly registry?: (note: Note) => Some<RegistryShapes>;
  readonly operations?: (note: Note) => Some<OperationShapes>;
  /** Without it there is no tracking service. */
  readonly tracking?: (note: Note) => Some<TrackingShapes>;
  readonly more?: readonly Backend[];
}
type RegistryShapes = typeof registryService extends ServiceDescriptor<infer Shapes> ? Shapes : never;
type TrackingShapes = typeof trackingService extends ServiceDescriptor<infer Shapes> ? Shapes : never;
type OperationShapes = typeof operationService extends ServiceDescriptor<infer Shapes> ? Shapes : never;
export type Note = (context: CallContext, request: unknown) => void;

const SETTINGS: Readonly<Record<string, string | number>> = {
  'gateway.name': 'test',
  'gateway.public-url': '',
  'gateway.message-bytes-max': 10_000,
  'gateway.stream-bytes-max': 100_000,
  'gateway.events-kept': 20,
  'gateway.event-clients-max': 3,
};

/** Everybody with the token `ada` may do everything in `default` and `flights`; `eve` may do nothing. */
const resolveCaller: InvokerDependencies['resolveCaller'] = async ({ authorization, workspace = 'default' }) => {
  const principal = /^Bearer (ada|eve)$/.exec(authorization ?? '')?.[1];
  if (principal === undefined) throw new UnauthenticatedError('no such token');
  if (!['default', 'flights'].includes(workspace)) throw new DeniedError('not your workspace');
  const permissions = new Set(principal === 'ada' ? ['*'] : []);
  return { principal, workspace, allWorkspaces: false, permissions };
};

function implement<Shapes>(descriptor: ServiceDescriptor<Shapes>, some: object): ServiceImplementation {
  const absent = async (): Promise<never> => {
    throw new UnsupportedError('not in this test');
  };
  const all = Object.fromEntries(Object.keys(descriptor.methods).map((name) => [name, absent]));
  return implementService(descriptor, { ...all, ...some } as unknown as Handlers<Shapes>);
}

/** A gateway over services that a test makes up, on a free port. */
export async function startGateway(options: HarnessOptions = {}): Promise<GatewayHarness> {
  const metrics = createMetricsRegistry(false);
  const bus = createMemoryEventBus();
  const seen: SeenCall[] = [];
  const dependencies: InvokerDependencies = {
    clock: systemClock,
    ids: createIdSource(systemClock, seededRandom(9)),
    log: silentLogger,
    metrics: createRpcMetrics(metrics),
    resolveCaller,
  };
  const note: Note = ({ method, caller, requestId, traceparent, deadlineMs }, request) =>
    void seen.push({
      method,
      request,
      caller,
      requestId,
      traceparent,
      remainingMs: deadlineMs === undefined ? undefined : deadlineMs - Date.now(),
    });
  const backend = (name: string, descriptor: AnyService, service: ServiceImplementation): Backend =>
    localBackend(name, { services: [service], isReady: () => ({ ready: true }) }, [descriptor], dependencies);
  const registry = implement(registryService, options.registry?.(note) ?? {});
  const operations = implement(operationService, options.operations?.(note) ?? {});
  const audit = (name: string) =>
    implement(auditService, { listAuditRecords: async () => ({ next_page_token: name, records: [] }) });
  const values: Readonly<Record<string, string | number>> = { ...SETTINGS, ...options.settings };
  const context = {
    config: { get: (key: string) => values[key] },
    clock: systemClock,
    ids: dependencies.ids,
    random: systemRandom,
    log: silentLogger,
    metrics,
  } as unknown as ProcessContext<typeof gatewaySettings>;
  const module = openGateway(context, {
    bus,
    version: '1.2.3',
    backends: [
      backend('registry', registryService, registry),
      backend('operations', operationService, operations),
      backend('audit-one', auditService, audit('one')),
      backend('audit-two', auditService, audit('two')),
      ...(options.tracking
        ? [backend('tracking', trackingService, implement(trackingService, options.tracking(note)))]
        : []),
      ...(options.more ?? []),
    ],
  });
  const { http } = module;
  if (!http) throw new Error('the gateway has no routes');
  const server = new HttpServer({
    listener: 'http',
    modules: [http],
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    allowedOrigins: [],
    dependencies,
    metrics: createHttpMetrics(metrics),
    limits: { stallMs: 500, drainGraceMs: 20, ...options.limits },
  });
  const { signal } = new AbortController();
  for (const component of module.components) await component.start(signal);
  await server.start(signal);
  let count = 0;
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    bus,
    metrics,
    seen,
    server,
    publish: async (revision, workspace = 'default', model = 'flights') => {
      const payload = { ...aliasMoved.sample, model, revision: String(revision) };
      const event = recordEvent(aliasMoved, payload, { id: `e${(count += 1)}`, workspace, time: systemClock.now() });
      await bus.publish([toBusMessage(event, 'registry')], signal);
    },
    publishTelemetry: async (workspace = 'default') => {
      for (const definition of [predictionLogged, exposureLogged]) {
        const at = { id: `e${(count += 1)}`, workspace, time: systemClock.now() };
        await bus.publish([toBusMessage(recordEvent<object>(definition, definition.sample, at), 'test')], signal);
      }
    },
    stop: async () => {
      await server.stop();
      for (const component of [...module.components].reverse()) await component.stop();
    },
  };
}
