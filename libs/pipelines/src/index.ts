export {
  openPipelines,
  type OpenedPipelines,
  type PipelineDrivers,
  type PipelineHooks,
} from './service/open-pipelines.ts';
export { pipelinesSettings, readPipelineLimits } from './service/pipelines-settings.ts';
export { DEFAULT_LIMITS, type PipelineLimits } from './domain/limits.ts';
export type { PipelineErrorReason } from './domain/errors.ts';
export type { PipelineClients } from './steps/services.ts';
export { pipelineEntities } from './store/entities.ts';
export { pipelineMigrations } from './store/migrations/pipeline-migrations.ts';
