import {
  aliasMoved,
  approvalGranted,
  approvalRejected,
  contractViolated,
  decisionMade,
  driftDetected,
  jobChanged,
  modelChanged,
  modelFailed,
  modelLoaded,
  outcomeObserved,
  performanceDegraded,
  positionCommitted,
  predictionsLoaded,
  repositoryApplied,
  rowsIngested,
  runFinished,
  trainingSetCreated,
  versionCreated,
  versionDeleted,
  viewMaterialized,
  windowClosed,
} from '@slipway/contracts';
import type { EventDefinition } from '@slipway/kernel';

/**
 * Events that may begin a run: all facts but those of pipelines themselves, which could begin each other for ever, and exposures, of which there is one for each
 * unit. Telemetry is none: it may be lost.
 */
export const TRIGGER_EVENTS: readonly EventDefinition<object>[] = [
  driftDetected,
  performanceDegraded,
  windowClosed,
  outcomeObserved,
  rowsIngested,
  contractViolated,
  repositoryApplied,
  trainingSetCreated,
  viewMaterialized,
  positionCommitted,
  predictionsLoaded,
  modelChanged,
  versionCreated,
  versionDeleted,
  aliasMoved,
  approvalGranted,
  approvalRejected,
  modelLoaded,
  modelFailed,
  runFinished,
  jobChanged,
  decisionMade,
] as readonly EventDefinition<object>[];

/** Fields of the payload by type of event. */
export const triggerFields = (): ReadonlyMap<string, readonly string[]> =>
  new Map(TRIGGER_EVENTS.map(({ type, sample }) => [type, Object.keys(sample)]));
