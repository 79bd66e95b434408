import { sqliteDatabases } from '@slipway/persistence/testing';
import { webhookQueueSuite } from '../testing/webhook-queue-suite.ts';
import { webhookSuite } from '../testing/webhook-suite.ts';

webhookSuite('SQLite', sqliteDatabases);
webhookQueueSuite('SQLite', sqliteDatabases);
