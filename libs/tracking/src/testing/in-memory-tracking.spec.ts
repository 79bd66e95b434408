import { inMemoryHarness } from './tracking-harness.ts';
import { trackingSearchSuite } from './tracking-search-suite.ts';
import { trackingStoreSuite } from './tracking-store-suite.ts';

trackingStoreSuite('in memory', inMemoryHarness);
trackingSearchSuite('in memory', inMemoryHarness);
