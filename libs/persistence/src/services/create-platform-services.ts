import type { ServiceImplementation } from '@slipway/platform';
import { createAuditService } from './audit-service.ts';
import { createOperationService } from './operation-service.ts';
import type { PlatformServiceMap } from './platform-service-parts.ts';

/**
 * What a process serves beside its own services: AuditService and OperationService, once each, over the databases of all of them.
 * @param services by name, e.g. `registry`; their operation runners are started and stopped as components.
 */
export function createPlatformServices(services: PlatformServiceMap): readonly ServiceImplementation[] {
  return [createAuditService(services), createOperationService(services)];
}
