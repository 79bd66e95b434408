import type { MigrationLists } from '@slipway/persistence';
import { PipelinesPostgresql1, PipelinesSqlite1 } from './pipelines-0001.ts';

/** Schema of pipelines, oldest first; for composition. */
export const pipelineMigrations: MigrationLists = { sqlite: [PipelinesSqlite1], postgresql: [PipelinesPostgresql1] };
