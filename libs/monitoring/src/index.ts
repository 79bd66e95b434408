export { openMonitoring, type MonitoringDrivers, type OpenedMonitoring } from './service/open-monitoring.ts';
export { monitoringSettings } from './service/monitoring-settings.ts';
export type { MonitoringErrorReason } from './domain/errors.ts';
export type { RegistryCalls } from './rpc/package-profile.ts';
export { monitoringEntities } from './store/entities.ts';
export { monitoringMigrations } from './store/migrations/monitoring-migrations.ts';
