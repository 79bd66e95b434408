import { inMemoryHarness } from './in-memory-harness.ts';
import { registryRaceSuite } from './registry-race-suite.ts';

registryRaceSuite('in memory', inMemoryHarness);
