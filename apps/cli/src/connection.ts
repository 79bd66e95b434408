import { readFileSync } from 'node:fs';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { auditService, type AuditService } from '@slipway/contracts/slipway.audit.v1';
import {
  batchService,
  pipelineService,
  type BatchService,
  type PipelineService,
} from '@slipway/contracts/slipway.batch.v1';
import { operationService, type OperationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService, type FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import { monitorService, type MonitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService, type RegistryService } from '@slipway/contracts/slipway.registry.v1';
import { routingService, type RoutingService } from '@slipway/contracts/slipway.routing.v1';
import { trackingService, type TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { Secret } from '@slipway/kernel';

export interface ConnectionOptions {
  readonly address: string;
  readonly workspace?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

export interface Connection {
  /** Of the caller; absent where nobody checks callers. */
  readonly token: Secret | undefined;
  readonly registry: Client<RegistryService>;
  readonly tracking: Client<TrackingService>;
  readonly features: Client<FeatureStoreService>;
  readonly batch: Client<BatchService>;
  readonly pipelines: Client<PipelineService>;
  readonly routing: Client<RoutingService>;
  readonly monitoring: Client<MonitorService>;
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
    token: token === undefined ? undefined : new Secret(token),
    registry: createClient(registryService, transport),
    tracking: createClient(trackingService, transport),
    features: createClient(featureStoreService, transport),
    batch: createClient(batchService, transport),
    pipelines: createClient(pipelineService, transport),
    routing: createClient(routingService, transport),
    monitoring: createClient(monitorService, transport),
    audit: createClient(auditService, transport),
    operations: createClient(operationService, transport),
    close: () => transport.close(),
  };
}
