import { postgresDatabases } from '@slipway/persistence/testing';
import { describeWith } from '@slipway/testing';
import { webhookKillSuite } from './kill/webhook-kill-suite.ts';

describeWith(['postgresql'], 'webhooks under kills', () =>
  webhookKillSuite('PostgreSQL', () => postgresDatabases('registry')),
);
