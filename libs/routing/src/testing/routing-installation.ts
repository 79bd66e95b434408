import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { routingService, type RoutingService } from '@slipway/contracts/slipway.routing.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, type Clock } from '@slipway/kernel';
import type { CommitStep, DatabaseTarget, UnitOfWork } from '@slipway/persistence';
import { openTestDatabase, testCaller } from '@slipway/persistence/testing';
import { createInvoker } from '@slipway/platform';
import { DEFAULT_LIMITS, type RoutingLimits } from '../domain/limits.ts';
import { createRoutingService } from '../service/create-routing-service.ts';
import { routingEntities } from '../store/entities.ts';
import { routingMigrations } from '../store/migrations/routing-migrations.ts';
import type { FakeMonitor } from './fake-monitor.ts';
import type { FakeRegistry } from './fake-registry.ts';

export interface RoutingInstallation {
  readonly routing: Client<RoutingService>;
  /** The same for another workspace. */
  connect(workspace: string): Client<RoutingService>;
  readonly unitOfWork: UnitOfWork;
  /** Payloads of events by type, in the order of their commits. */
  events(type: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  /** Of the process: its signing key lies there. */
  readonly directory: string;
  readonly target: DatabaseTarget;
  readonly registry: FakeRegistry;
  readonly monitor: FakeMonitor;
  readonly limits?: Partial<RoutingLimits>;
  readonly clock?: Clock;
  readonly seed?: number;
  readonly atStep?: (step: CommitStep) => void;
}

/** The whole service on a database; calls go through the chain that every call goes through. */
export async function startRouting(options: InstallationOptions): Promise<RoutingInstallation> {
  const { directory, target, registry, monitor, clock = systemClock, seed = 1, atStep } = options;
  const ids = createIdSource(systemClock, seededRandom(seed));
  const schema = { entities: routingEntities, migrations: routingMigrations };
  const opened = await openTestDatabase(target, { ...schema, seed, clock, ...(atStep ? { atStep } : {}) });
  const { database, unitOfWork } = opened;
  const shared = { clock, ids, log: silentLogger };
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const module = createRoutingService({ unitOfWork, registry, monitor, dataDirectory: directory, limits, ...shared });
  for (const component of module.components) await component.start(AbortSignal.timeout(10_000));
  const metrics = { started: () => undefined, finished: () => undefined };
  const connect = (workspace: string): Client<RoutingService> => {
    const resolveCaller = () => Promise.resolve(testCaller(workspace));
    const invokers = module.services.map((service) => createInvoker(service, { ...shared, metrics, resolveCaller }));
    return createClient(routingService, inProcessTransport({ invokers, clock: systemClock, token: () => 'any' }));
  };
  return {
    routing: connect('default'),
    connect,
    unitOfWork,
    events: (type) =>
      unitOfWork.read(async ({ sql }) => {
        const rows = await sql.all<{ readonly event: string }>(
          'select event from slipway_outbox where type = ? order by position',
          [type],
        );
        return rows.map(({ event }) => (JSON.parse(event) as { data: Record<string, unknown> }).data);
      }),
    stop: async () => {
      for (const component of module.components.toReversed()) await component.stop();
      await database.close();
    },
  };
}
