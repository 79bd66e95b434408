import type { AssignmentSigner } from '@slipway/assignments';
import type { Clock, IdSource } from '@slipway/kernel';
import type { ExposureCache } from './exposure-cache.ts';
import type { RoutingLimits } from './limits.ts';
import type { ExperimentDays, ModelAliases } from './ports.ts';
import type { RoutingUnitOfWork } from './unit-of-work.ts';

/** What the use cases of the router need. */
export interface RoutingDependencies {
  readonly unitOfWork: RoutingUnitOfWork;
  readonly aliases: ModelAliases;
  readonly days: ExperimentDays;
  readonly exposures: ExposureCache;
  /** Of this process; there once its components have started. */
  readonly signer: () => AssignmentSigner;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: RoutingLimits;
}
