import type { Client, CallOptions } from '@slipway/clients';
import type { BatchService } from '@slipway/contracts/slipway.batch.v1';
import type { OperationService } from '@slipway/contracts/slipway.common.v1';
import type { FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { RoutingService } from '@slipway/contracts/slipway.routing.v1';
import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { stepRefused } from '../domain/errors.ts';

/** The services that steps call. Their callers need the role `pipelines`. */
export interface PipelineClients {
  readonly features: Client<FeatureStoreService>;
  /** Long work of the feature store. */
  readonly featureOperations: Client<OperationService>;
  readonly tracking: Client<TrackingService>;
  readonly registry: Client<RegistryService>;
  /** Without it steps cannot begin canaries. */
  readonly routing?: Client<RoutingService>;
  /** Without it steps cannot score. */
  readonly batch?: Client<BatchService>;
}

/** A client all of whose calls act in one workspace, and end with the step. */
export function within<Methods extends object>(
  client: Methods,
  { workspace, signal }: { readonly workspace: string; readonly signal: AbortSignal },
): Methods {
  type Method = (request: unknown, options?: CallOptions) => unknown;
  return Object.fromEntries(
    Object.entries(client).map(([name, method]) => [
      name,
      (request: unknown, options: CallOptions = {}) => (method as Method)(request, { workspace, signal, ...options }),
    ]),
  ) as Methods;
}

/** @throws {FailedPreconditionError} reason STEP_UNSUPPORTED */
export function present<Part>(part: Part | undefined, what: string): Part {
  if (part === undefined) throw stepRefused('STEP_UNSUPPORTED', `this installation has no ${what}`);
  return part;
}
