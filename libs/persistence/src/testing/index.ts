export { createMemoryEventBus, type MemoryEventBus } from './memory-event-bus.ts';
export { metadataTypesSuite } from './metadata-types-suite.ts';
export { schemaSuite } from './schema-suite.ts';
export {
  NO_MIGRATIONS,
  openTestDatabase,
  postgresDatabases,
  sqliteDatabases,
  testCaller,
  type TestDatabases,
} from './test-databases.ts';
export { ManualClock, settle } from '../operations/testing/manual-clock.ts';
