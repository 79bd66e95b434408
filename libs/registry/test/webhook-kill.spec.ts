import { sqliteDatabases } from '@slipway/persistence/testing';
import { webhookKillSuite } from './kill/webhook-kill-suite.ts';

webhookKillSuite('SQLite', sqliteDatabases);
