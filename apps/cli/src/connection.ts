import { readFileSync } from 'node:fs';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { auditService, type AuditService } from '@slipway/contracts/slipway.audit.v1';
import { operationService, type OperationService } from '@slipway/contracts/slipway.common.v1';
import { registryService, type RegistryService } from '@slipway/contracts/slipway.registry.v1';

export interface ConnectionOptions {
  readonly address: string;
  readonly workspace?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

export interface Connection {
  readonly registry: Client<RegistryService>;
  readonly audit: Client<AuditService>;
  readonly operations: Client<OperationService>;
  close(): Promise<void>;
}

/** Connects lazily: the first call opens the channel. */
export function connect(options: ConnectionOptions): Connection {
  const token =
    options.token ?? (options.tokenFile === undefined ? undefined : readFileSync(options.tokenFile, 'utf8').trim());
  const transport = grpcTransport({ address: options.address, token: () => token, workspace: options.workspace });
  return {
    registry: createClient(registryService, transport),
    audit: createClient(auditService, transport),
    operations: createClient(operationService, transport),
    close: () => transport.close(),
  };
}
