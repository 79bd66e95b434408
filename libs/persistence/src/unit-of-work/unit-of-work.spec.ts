import { sqliteDatabases } from '../testing/test-databases.ts';
import { unitOfWorkSuite } from '../testing/unit-of-work-suite.ts';

unitOfWorkSuite('SQLite', sqliteDatabases);
