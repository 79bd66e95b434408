import type { AssignmentSigner } from '@slipway/assignments';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import type { Clock, Component, IdSource, Logger } from '@slipway/kernel';
import type { UnitOfWork } from '@slipway/persistence';
import { implementService, type ServiceModule } from '@slipway/platform';
import type { RoutingDependencies } from '../domain/dependencies.ts';
import { ExposureCache } from '../domain/exposure-cache.ts';
import type { RoutingLimits } from '../domain/limits.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { createMonitorDays, type MonitorCalls } from '../rpc/monitor-days.ts';
import { createRegistryAliases, type RegistryCalls } from '../rpc/registry-aliases.ts';
import { routingHandlers } from '../rpc/routing-handlers.ts';
import { createRoutingUnitOfWork } from '../store/routing-unit-of-work.ts';
import { createAnalysisLoop, OWN_CALL } from './analysis-loop.ts';
import { loadAssignmentKey } from './assignment-key-file.ts';

export interface RoutingServiceOptions {
  /** On a database opened with `routingEntities` and `routingMigrations`. */
  readonly unitOfWork: UnitOfWork;
  readonly registry: RegistryCalls;
  readonly monitor: MonitorCalls;
  /** Of this process alone; holds its signing key. */
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly limits: RoutingLimits;
}

/** Everything of `slipway.routing.v1` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createRoutingService(options: RoutingServiceOptions): ServiceModule {
  const { registry, monitor, dataDirectory, clock, ids, log, limits } = options;
  const unitOfWork = createRoutingUnitOfWork(options.unitOfWork, encodeFact, OWN_CALL);
  let signer: AssignmentSigner | undefined;
  const deps: RoutingDependencies = {
    unitOfWork,
    aliases: createRegistryAliases(registry),
    days: createMonitorDays(monitor),
    exposures: new ExposureCache(limits.exposureCacheMax),
    signer: () => {
      if (!signer) throw new Error('the router is not started');
      return signer;
    },
    clock,
    ids,
    limits,
  };
  const keys: Component = {
    name: 'assignment key',
    start: async () => {
      const pair = await loadAssignmentKey(dataDirectory);
      await unitOfWork.addKey(pair.key); // before the first token, so that whoever checks one finds its key
      signer = pair.signer;
    },
    stop: () => Promise.resolve(),
  };
  const loop = createAnalysisLoop(deps, log);
  return {
    name: 'routing',
    listener: 'grpc',
    services: [implementService(routingService, routingHandlers(deps))],
    components: [keys, loop],
    isReady: () => (loop.isRunning ? { ready: true } : { ready: false, reason: 'the router is not started' }),
  };
}
