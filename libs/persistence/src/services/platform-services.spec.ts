import { sqliteDatabases } from '../testing/test-databases.ts';
import { platformServicesSuite } from './testing/platform-services-suite.ts';

platformServicesSuite('SQLite', sqliteDatabases);
