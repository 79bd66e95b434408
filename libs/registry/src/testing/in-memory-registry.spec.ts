import { inMemoryHarness } from './in-memory-harness.ts';
import { registryRaceSuite } from './registry-race-suite.ts';
import { registrySearchSuite } from './registry-search-suite.ts';
import { registryStoreSuite } from './registry-store-suite.ts';

registryStoreSuite('in memory', inMemoryHarness);
registrySearchSuite('in memory', inMemoryHarness);
registryRaceSuite('in memory', inMemoryHarness);
