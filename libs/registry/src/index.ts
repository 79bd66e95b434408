export { createRegistryService, type RegistryServiceOptions } from './service/create-registry-service.ts';
export { readRegistryLimits, registrySettings } from './service/registry-settings.ts';
export { loadSigningKeys, publicKeyFileOf, type SigningKeyFile, type SigningKeys } from './service/signing-keys.ts';
export { DEFAULT_LIMITS, type RegistryLimits } from './domain/limits.ts';
export { metricGate, metricGatePlugin } from './domain/gates/metric-gate.ts';
export type { RegistryErrorReason } from './domain/errors.ts';
export { registryEntities } from './store/entities.ts';
export { registryMigrations } from './store/migrations/registry-migrations.ts';
export { openRegistry, type OpenedRegistry, type RegistryDrivers } from './service/open-registry.ts';
