import { operationsSuite } from '../testing/operations-suite.ts';
import { sqliteDatabases } from '../testing/test-databases.ts';

operationsSuite('SQLite', sqliteDatabases);
