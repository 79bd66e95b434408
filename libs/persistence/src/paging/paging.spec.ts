import { pageTokenRules, pagingSuite } from '../testing/paging-suite.ts';
import { sqliteDatabases } from '../testing/test-databases.ts';

pageTokenRules();
pagingSuite('SQLite', sqliteDatabases);
