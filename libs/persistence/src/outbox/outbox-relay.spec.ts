import { outboxRelaySuite } from '../testing/outbox-relay-suite.ts';
import { sqliteDatabases } from '../testing/test-databases.ts';

outboxRelaySuite('SQLite', sqliteDatabases);
