import { createClient, grpcTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import type { Principal } from './principals.ts';

/** Where services listen, `host:port`; they may be one process or several. */
export interface Addresses {
  readonly registry: string;
  readonly inference: string;
}

export interface ConnectedPrincipal extends Principal {
  close(): Promise<void>;
}

/** A person with a token, towards all services. */
export function connectPrincipal(name: string, token: string, addresses: Addresses): ConnectedPrincipal {
  const services = grpcTransport({ address: addresses.registry, token: () => token });
  const inference = grpcTransport({ address: addresses.inference, token: () => token });
  return {
    name,
    registry: createClient(registryService, services),
    audit: createClient(auditService, services),
    operations: createClient(operationService, services),
    inference: createClient(gRPCInferenceService, inference),
    close: async () => {
      await Promise.all([services.close(), inference.close()]);
    },
  };
}
