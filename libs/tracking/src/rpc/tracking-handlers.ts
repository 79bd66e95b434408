import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Handlers } from '@slipway/platform';
import type { TrackingDependencies } from '../domain/dependencies.ts';
import { artifactHandlers } from './artifact-handlers.ts';
import { experimentHandlers } from './experiment-handlers.ts';
import { loggedModelHandlers } from './logged-model-handlers.ts';
import { historyHandlers } from './history-handlers.ts';
import { logHandlers } from './log-handlers.ts';
import { multipartHandlers } from './multipart-handlers.ts';
import { runHandlers } from './run-handlers.ts';

/** One plain function per method of `slipway.tracking.v1.TrackingService`. */
export const trackingHandlers = (deps: TrackingDependencies): Handlers<TrackingService> => ({
  ...experimentHandlers(deps),
  ...runHandlers(deps),
  ...logHandlers(deps),
  ...historyHandlers(deps),
  ...loggedModelHandlers(deps),
  ...artifactHandlers(deps),
  ...multipartHandlers(deps),
});
