export { createTrackingService, type TrackingServiceOptions } from './service/create-tracking-service.ts';
export { openTracking, type OpenedTracking, type TrackingDrivers } from './service/open-tracking.ts';
export { readTrackingLimits, trackingSettings } from './service/tracking-settings.ts';
export { DEFAULT_LIMITS, type TrackingLimits } from './domain/limits.ts';
export type { TrackingErrorReason } from './domain/errors.ts';
export { trackingEntities } from './store/entities.ts';
export { trackingMigrations } from './store/migrations/tracking-migrations.ts';
