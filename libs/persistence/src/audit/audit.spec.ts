import { auditSuite } from '../testing/audit-suite.ts';
import { sqliteDatabases } from '../testing/test-databases.ts';

auditSuite('SQLite', sqliteDatabases);
