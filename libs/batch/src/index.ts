export { openBatch, type BatchDrivers, type BatchHooks, type OpenedBatch } from './service/open-batch.ts';
export { batchSettings, DEFAULT_BATCH_LIMITS, readBatchLimits } from './service/batch-settings.ts';
export type { BatchErrorReason } from './domain/errors.ts';
export type { BatchLimits, BatchStep } from './domain/dependencies.ts';
export type { Manifest } from './domain/manifest.ts';
export type { FeatureCalls, OperationCalls } from './rpc/feature-sets.ts';
export type { RegistryCalls } from './rpc/registry-source.ts';
export { batchEntities } from './store/entities.ts';
export { batchMigrations } from './store/migrations/batch-migrations.ts';
