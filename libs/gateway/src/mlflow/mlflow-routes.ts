import { createClient } from '@slipway/clients';
import { registryService, webhookService } from '@slipway/contracts/slipway.registry.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { HttpRoute } from '@slipway/platform';
import type { Backend } from '../calls/backend.ts';
import { artifactProxyRoutes, artifactRoutes } from './artifact-routes.ts';
import { callRoutes } from './call-route.ts';
import { experimentRoutes } from './experiment-routes.ts';
import { loggedModelFileRoutes, loggedModelRoutes } from './logged-model-routes.ts';
import { metricRoutes } from './metric-routes.ts';
import { modelVersionRoutes, versionArtifactRoute } from './model-version-routes.ts';
import { multipartRoutes, originOf } from './multipart-routes.ts';
import { registeredModelRoutes } from './registered-model-routes.ts';
import { runLogRoutes, runRoutes } from './run-routes.ts';
import { serverRoutes } from './server-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

/**
 * The REST API of MLflow, for its unmodified clients: a translation onto the services that are there. What is allowed, and what it means, they
 * say; each call goes there with the caller's own token.
 * @param publicUrl where clients reach us; empty: the host that they asked for.
 */
export function mlflowRoutes(backends: readonly Backend[], publicUrl: string): HttpRoute[] {
  const transportOf = (typeName: string) =>
    backends.find(({ services }) => services.some((service) => service.typeName === typeName))?.transport;
  const toTracking = transportOf(trackingService.typeName);
  if (!toTracking) return [];
  const tracking = createClient(trackingService, toTracking);
  const toRegistry = transportOf(registryService.typeName);
  const toWebhooks = transportOf(webhookService.typeName);
  const registry = toRegistry && createClient(registryService, toRegistry);
  return [
    ...serverRoutes(),
    ...artifactProxyRoutes(tracking),
    ...multipartRoutes(tracking, originOf(publicUrl)),
    ...loggedModelFileRoutes(tracking),
    ...callRoutes([
      ...experimentRoutes(tracking),
      ...runRoutes(tracking),
      ...runLogRoutes(tracking),
      ...metricRoutes(tracking),
      ...artifactRoutes(tracking),
      ...loggedModelRoutes(tracking),
      ...(registry ? [...registeredModelRoutes(registry), ...modelVersionRoutes({ tracking, registry })] : []),
      ...(toWebhooks ? webhookRoutes(createClient(webhookService, toWebhooks)) : []),
    ]),
    ...(registry ? [versionArtifactRoute({ tracking, registry })] : []),
  ];
}
