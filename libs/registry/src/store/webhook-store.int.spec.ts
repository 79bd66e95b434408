import { postgresDatabases } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { webhookQueueSuite } from '../testing/webhook-queue-suite.ts';
import { webhookSuite } from '../testing/webhook-suite.ts';

describeWith(['postgresql'], 'webhooks', () => {
  webhookSuite('PostgreSQL', () => postgresDatabases('registry'));
  webhookQueueSuite('PostgreSQL', () => postgresDatabases('registry'));
});
