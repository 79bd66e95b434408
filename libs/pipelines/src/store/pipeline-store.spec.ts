import { schemaSuite, sqliteDatabases } from '@slipway/persistence/testing';
import { pipelineStoreSuite } from '../testing/pipeline-store-suite.ts';
import { pipelineEntities } from './entities.ts';
import { pipelineMigrations } from './migrations/pipeline-migrations.ts';

schemaSuite('pipelines on SQLite', sqliteDatabases, { entities: pipelineEntities, migrations: pipelineMigrations });
pipelineStoreSuite('SQLite', sqliteDatabases);
