import { postgresDatabases, schemaSuite } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { pipelineStoreSuite } from '../testing/pipeline-store-suite.ts';
import { pipelineEntities } from './entities.ts';
import { pipelineMigrations } from './migrations/pipeline-migrations.ts';

describeWith(['postgresql'], 'pipeline store', () => {
  const parts = { entities: pipelineEntities, migrations: pipelineMigrations };
  schemaSuite('pipelines on PostgreSQL', () => postgresDatabases(), parts);
  pipelineStoreSuite('PostgreSQL', () => postgresDatabases());
});
