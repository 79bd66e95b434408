import { createClient, grpcTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { batchService, pipelineService } from '@slipway/contracts/slipway.batch.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import { predictionService, streamService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Principal } from './principals.ts';

/** Where services listen, `host:port`; they may be one process or several. */
export interface Addresses {
  readonly registry: string;
  readonly tracking: string;
  readonly features: string;
  readonly inference: string;
  readonly streams: string;
  readonly batch: string;
  readonly routing: string;
  readonly monitoring: string;
}

/** One process with all services. @param services of all but inference. */
export const oneProcess = (services: string, inference: string): Addresses => ({
  registry: services,
  tracking: services,
  features: services,
  inference,
  streams: inference,
  batch: services,
  routing: services,
  monitoring: services,
});

export interface ConnectedPrincipal extends Principal {
  close(): Promise<void>;
}

/** A person with a token, towards all services. */
export function connectPrincipal(name: string, token: string, addresses: Addresses): ConnectedPrincipal {
  const transports = Object.fromEntries(
    Object.entries(addresses).map(([service, address]) => [
      service,
      grpcTransport({ address: address as string, token: () => token }),
    ]),
  ) as Record<keyof Addresses, ReturnType<typeof grpcTransport>>;
  const { registry, tracking, features, inference, streams, batch, routing, monitoring } = transports;
  return {
    name,
    registry: createClient(registryService, registry),
    audit: createClient(auditService, registry),
    tracking: createClient(trackingService, tracking),
    features: createClient(featureStoreService, features),
    featureOperations: createClient(operationService, features),
    inference: createClient(gRPCInferenceService, inference),
    predictions: createClient(predictionService, inference),
    streams: createClient(streamService, streams),
    batch: createClient(batchService, batch),
    pipelines: createClient(pipelineService, batch),
    batchOperations: createClient(operationService, batch),
    routing: createClient(routingService, routing),
    monitoring: createClient(monitorService, monitoring),
    close: async () => {
      await Promise.all(Object.values(transports).map((transport) => transport.close()));
    },
  };
}
