import { createClient, grpcTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import type { Principal } from './principals.ts';

/** Where the services listen, and with which token each person comes. */
export interface Reachable {
  readonly ports: { readonly grpc: number; readonly inference: number };
  readonly tokens: Readonly<Record<string, string>>;
}

export function connectPrincipal(
  name: string,
  { ports, tokens }: Reachable,
): { principal: Principal; close(): Promise<void> } {
  const token = (): string | undefined => tokens[name];
  const services = grpcTransport({ address: `127.0.0.1:${ports.grpc}`, token });
  const inference = grpcTransport({ address: `127.0.0.1:${ports.inference}`, token });
  return {
    principal: {
      name,
      registry: createClient(registryService, services),
      audit: createClient(auditService, services),
      operations: createClient(operationService, services),
      inference: createClient(gRPCInferenceService, inference),
    },
    close: async () => {
      await Promise.all([services.close(), inference.close()]);
    },
  };
}
