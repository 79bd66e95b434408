import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { afterAll, beforeAll } from 'vitest';
import { multipartSuite } from '../testing/multipart-suite.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await sqliteDatabases();
});
afterAll(() => databases.stop());

multipartSuite('SQLite', () => databases);
