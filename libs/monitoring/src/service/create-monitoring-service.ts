import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import type { Clock, IdSource, Logger } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import type { EventConsumer, ServiceStore } from '@slipway/persistence';
import { implementService, type ServiceModule } from '@slipway/platform';
import type { EventBus } from '@slipway/plugin-kit';
import { KnownIds } from '../domain/coverage/known-ids.ts';
import { JoinedDays } from '../domain/join/joined-days.ts';
import { References } from '../domain/reference/references.ts';
import { FeatureCounters } from '../domain/use-cases/ingest-predictions.ts';
import type { EvaluationDependencies } from '../domain/use-cases/evaluate-windows.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { monitorHandlers } from '../rpc/monitor-handlers.ts';
import type { RegistryCalls } from '../rpc/package-profile.ts';
import { createMonitoringUnitOfWork } from '../store/monitoring-unit-of-work.ts';
import { watchedMonitors } from '../store/watched-monitors.ts';
import { createPredictionConsumer } from './prediction-consumer.ts';
import { RegistryProfiles } from './registry-profiles.ts';
import { createWindowEvaluator } from './window-evaluator.ts';

export interface MonitoringServiceOptions {
  /** Opened with `monitoringEntities` and `monitoringMigrations`. */
  readonly store: Pick<ServiceStore, 'unitOfWork'>;
  readonly bus: EventBus;
  /** A principal that may download versions of every workspace. */
  readonly registry: RegistryCalls;
  /** Whose packages are believed; with none, their digest alone is checked. */
  readonly trustedKeys: readonly TrustedKey[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly evaluateEveryMs: number;
}

export interface MonitoringService {
  readonly module: ServiceModule;
  /** For those who look at how far it is. */
  readonly consumer: EventConsumer;
}

/** Everything of `slipway.monitoring.v1` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createMonitoringService(options: MonitoringServiceOptions): MonitoringService {
  const { store, bus, registry, trustedKeys, clock, ids, log, evaluateEveryMs } = options;
  const unitOfWork = createMonitoringUnitOfWork(store.unitOfWork, encodeFact);
  const profiles = new RegistryProfiles({ registry, trustedKeys, unitOfWork, clock });
  const references = new References(profiles);
  const joinedDays = new JoinedDays(unitOfWork);
  const deps: EvaluationDependencies = { unitOfWork, profiles, joinedDays, references, clock, ids, log };
  const knownIds = new KnownIds(deps);
  const ingest = { unitOfWork, profiles, log, counters: new FeatureCounters() };
  const consumer = createPredictionConsumer({ bus, unitOfWork: store.unitOfWork, clock, log, ingest });
  const watched = () => watchedMonitors(store.unitOfWork);
  const evaluator = createWindowEvaluator({ watched, deps, everyMs: evaluateEveryMs, clock, log });
  return {
    consumer,
    module: {
      name: 'monitoring',
      listener: 'grpc',
      services: [implementService(monitorService, monitorHandlers({ ...deps, knownIds }))],
      components: [consumer, evaluator],
      isReady: () => (evaluator.isRunning ? { ready: true } : { ready: false, reason: 'the monitor is not started' }),
    },
  };
}
