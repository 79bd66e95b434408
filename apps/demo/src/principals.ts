import type { Client } from '@slipway/clients';
import type { GRPCInferenceService } from '@slipway/contracts/inference';
import type { AuditService } from '@slipway/contracts/slipway.audit.v1';
import type { BatchService, PipelineService } from '@slipway/contracts/slipway.batch.v1';
import type { OperationService } from '@slipway/contracts/slipway.common.v1';
import type { FeatureStoreService } from '@slipway/contracts/slipway.features.v1';
import type { MonitorService } from '@slipway/contracts/slipway.monitoring.v1';
import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { RoutingService } from '@slipway/contracts/slipway.routing.v1';
import type { PredictionService, StreamService } from '@slipway/contracts/slipway.serving.v1';
import type { TrackingService } from '@slipway/contracts/slipway.tracking.v1';

/** What one person can reach, with that person's token. */
export interface Principal {
  readonly name: string;
  readonly registry: Client<RegistryService>;
  readonly tracking: Client<TrackingService>;
  readonly features: Client<FeatureStoreService>;
  readonly predictions: Client<PredictionService>;
  readonly inference: Client<GRPCInferenceService>;
  readonly streams: Client<StreamService>;
  readonly batch: Client<BatchService>;
  readonly pipelines: Client<PipelineService>;
  readonly routing: Client<RoutingService>;
  readonly monitoring: Client<MonitorService>;
  readonly audit: Client<AuditService>;
  /** Long work of the feature store; of everything where all services are one process. */
  readonly featureOperations: Client<OperationService>;
  /** Long work of the batch runner. */
  readonly batchOperations: Client<OperationService>;
}
