import { readFileSync } from 'node:fs';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { batchService, pipelineService } from '@slipway/contracts/slipway.batch.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService, webhookService } from '@slipway/contracts/slipway.registry.v1';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import { predictionService, streamService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { openGateway, remoteBackend } from '@slipway/gateway';
import { driverComponent, type Composition, type ProcessContext } from '@slipway/platform';
import manifest from '../package.json' with { type: 'json' };
import type { settings } from './config.ts';

/** Every technology this service can be built on. */
export const builtInPlugins = [eventBusNatsPlugin, eventBusSqlitePlugin];

/** What each process answers for itself. */
const platformServices = [operationService, auditService];

/** The services there can be, in the order of the page. */
const SERVICES = [
  { name: 'registry', services: [registryService, webhookService, ...platformServices] },
  { name: 'tracking', services: [trackingService, ...platformServices] },
  { name: 'features', services: [featureStoreService, ...platformServices] },
  { name: 'routing', services: [routingService, ...platformServices] },
  { name: 'monitoring', services: [monitorService, ...platformServices] },
  // before serving, which has the same streams and knows less of those that somebody else scores
  { name: 'streams', services: [streamService, ...platformServices] },
  { name: 'serving', services: [predictionService, streamService, gRPCInferenceService, ...platformServices] },
  { name: 'batch', services: [batchService, pipelineService, ...platformServices] },
] as const;

export function compose(context: ProcessContext<typeof settings>): Composition {
  const { config } = context;
  const bus = context.createDriver('event-bus');
  const backends = SERVICES.flatMap(({ name, services }) => {
    const address = config.get(`${name}.address`);
    const authorities = config.get(`${name}.ca-file`);
    const tls = authorities === undefined ? undefined : { ca: readFileSync(authorities) };
    return address === undefined ? [] : [remoteBackend(name, address, services, tls)];
  });
  return {
    components: [driverComponent('event bus', bus)],
    modules: [openGateway(context, { bus, backends, version: manifest.version })],
  };
}
