import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Clock, Component, Random } from '@slipway/kernel';
import type { UnitOfWork } from '@slipway/persistence';
import { implementService, type ServiceModule } from '@slipway/platform';
import type { ArtifactStore } from '@slipway/plugin-kit';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import type { TrackingLimits } from '../domain/limits.ts';
import { MetricWriter } from '../domain/metric-writer.ts';
import { Turnstile } from '@slipway/kernel';
import { Workspaces } from '../domain/workspaces.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { trackingHandlers } from '../rpc/tracking-handlers.ts';
import { createRunFiles } from '../store/run-files.ts';
import { createTrackingUnitOfWork } from '../store/tracking-unit-of-work.ts';

export interface TrackingServiceOptions {
  /** On a database opened with `trackingEntities` and `trackingMigrations`. */
  readonly unitOfWork: UnitOfWork;
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: TrackingLimits;
}

/** Everything of `slipway.tracking.v1` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createTrackingService(options: TrackingServiceOptions): ServiceModule {
  const { artifacts, clock, random, limits } = options;
  const unitOfWork = createTrackingUnitOfWork(options.unitOfWork, encodeFact, random);
  const metrics = new MetricWriter(unitOfWork, clock, limits);
  const deps: TrackingDependencies = {
    unitOfWork,
    workspaces: new Workspaces(unitOfWork),
    files: createRunFiles(artifacts),
    metrics,
    random,
    limits,
    uploads: new Turnstile(limits.uploadsMax),
  };
  return {
    name: 'tracking',
    listener: 'grpc',
    services: [implementService(trackingService, trackingHandlers(deps))],
    components: [writerComponent(metrics)],
    isReady: () => ({ ready: true }),
  };
}

/** Stopped after the streams and before the database. */
const writerComponent = (writer: MetricWriter): Component => ({
  name: 'metric writer',
  start: () => Promise.resolve(), // begins with the first point
  stop: () => writer.close(),
});
