import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Clock, Component, Logger, Random } from '@slipway/kernel';
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
import { createArtifactFiles } from '../store/artifact-files.ts';
import { createMultipartUploads } from '../store/multipart-uploads.ts';
import { createTrackingUnitOfWork } from '../store/tracking-unit-of-work.ts';
import { createUploadParts } from '../store/upload-parts.ts';
import { createUploadSweeper } from './upload-sweeper.ts';

export interface TrackingServiceOptions {
  /** On a database opened with `trackingEntities` and `trackingMigrations`. */
  readonly unitOfWork: UnitOfWork;
  /** Opened and closed by whoever made it. */
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits: TrackingLimits;
}

/** Everything of `slipway.tracking.v1` but transport, database and settings. Whether the database answers is its owner's to tell. */
export function createTrackingService(options: TrackingServiceOptions): ServiceModule {
  const { artifacts, clock, random, limits, log } = options;
  const unitOfWork = createTrackingUnitOfWork(options.unitOfWork, encodeFact, random);
  const metrics = new MetricWriter(unitOfWork, clock, limits);
  const deps: TrackingDependencies = {
    unitOfWork,
    workspaces: new Workspaces(unitOfWork),
    files: createArtifactFiles(artifacts),
    multipart: createMultipartUploads(options.unitOfWork),
    parts: createUploadParts(artifacts),
    metrics,
    random,
    limits,
    uploads: new Turnstile(limits.uploadsMax),
  };
  return {
    name: 'tracking',
    listener: 'grpc',
    services: [implementService(trackingService, trackingHandlers(deps))],
    components: [writerComponent(metrics), createUploadSweeper({ ...deps, clock, log })],
    isReady: () => ({ ready: true }),
  };
}

/** Stopped after the streams and before the database. */
const writerComponent = (writer: MetricWriter): Component => ({
  name: 'metric writer',
  start: () => Promise.resolve(), // begins with the first point
  stop: () => writer.close(),
});
