export { openFeatures, type FeatureDrivers, type FeatureHooks, type OpenedFeatures } from './service/open-features.ts';
export { featuresSettings, readFeatureLimits } from './service/features-settings.ts';
export { DEFAULT_LIMITS, type FeatureLimits } from './domain/limits.ts';
export type { FeatureErrorReason } from './domain/errors.ts';
export type { FeatureStep } from './domain/dependencies.ts';
export { featureEntities } from './store/entities.ts';
export { featureMigrations } from './store/migrations/feature-migrations.ts';
