import type { Clock, IdSource, Logger, Random } from '@slipway/kernel';
import type { TrustedKey } from '@slipway/model-package';
import type { UnitOfWork } from '@slipway/persistence';
import type { EventBus, ModelRuntime } from '@slipway/plugin-kit';
import type { RoutingCalls } from './rpc/assignment-source.ts';
import type { FeatureCalls } from './rpc/feature-store-source.ts';
import type { MetricSource } from './rpc/inference-metrics.ts';
import type { RegistryCalls } from './rpc/registry-source.ts';
import type { StoredPredictionCalls } from './rpc/stream/prediction-table-calls.ts';
import type { ServingConfig } from './serving-config.ts';

export interface ServingServiceOptions {
  readonly config: ServingConfig;
  readonly unitOfWork: UnitOfWork;
  /** A principal that may read every workspace and download versions. */
  readonly registry: RegistryCalls;
  /** A principal that may read online features of every workspace; asked only for models that need them. */
  readonly features: FeatureCalls;
  /** A principal that may read the keys of the router; undefined when calls bring no assignments. */
  readonly routing: RoutingCalls | undefined;
  /** The same principal, which may write stored predictions; needed to score streams. */
  readonly tables?: StoredPredictionCalls;
  /** Opened before, closed after the components of this service; so is the runtime. */
  readonly bus: EventBus;
  readonly runtime: ModelRuntime;
  readonly trustedKeys: readonly TrustedKey[];
  readonly metrics: MetricSource;
  /** For packages; of this server alone. */
  readonly packageDirectory: string;
  /** Version of this software. */
  readonly serverVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly log: Logger;
}
