import type { Client } from '@slipway/clients';
import type { GRPCInferenceService } from '@slipway/contracts/inference';
import type { AuditService } from '@slipway/contracts/slipway.audit.v1';
import type { OperationService } from '@slipway/contracts/slipway.common.v1';
import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';

/** What one person can reach, with that person's token. */
export interface Principal {
  readonly name: string;
  readonly registry: Client<RegistryService>;
  readonly inference: Client<GRPCInferenceService>;
  readonly audit: Client<AuditService>;
  readonly operations: Client<OperationService>;
}
