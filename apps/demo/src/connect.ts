import { createClient, grpcTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { predictionService } from '@slipway/contracts/slipway.serving.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { Principal } from './principals.ts';

/** Where services listen, `host:port`; they may be one process or several. */
export interface Addresses {
  readonly registry: string;
  readonly tracking: string;
  readonly features: string;
  readonly inference: string;
}

export interface ConnectedPrincipal extends Principal {
  close(): Promise<void>;
}

/** A person with a token, towards all services. */
export function connectPrincipal(name: string, token: string, addresses: Addresses): ConnectedPrincipal {
  const open = (address: string) => grpcTransport({ address, token: () => token });
  const registry = open(addresses.registry);
  const tracking = open(addresses.tracking);
  const features = open(addresses.features);
  const inference = open(addresses.inference);
  return {
    name,
    registry: createClient(registryService, registry),
    audit: createClient(auditService, registry),
    tracking: createClient(trackingService, tracking),
    features: createClient(featureStoreService, features),
    featureOperations: createClient(operationService, features),
    inference: createClient(gRPCInferenceService, inference),
    predictions: createClient(predictionService, inference),
    close: async () => {
      await Promise.all([registry, tracking, features, inference].map((transport) => transport.close()));
    },
  };
}
