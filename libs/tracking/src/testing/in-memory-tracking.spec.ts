import { loggedModelSuite } from './logged-model-suite.ts';
import { inMemoryHarness } from './tracking-harness.ts';
import { trackingHistorySuite } from './tracking-history-suite.ts';
import { trackingSearchSuite } from './tracking-search-suite.ts';
import { trackingStoreSuite } from './tracking-store-suite.ts';

trackingStoreSuite('in memory', inMemoryHarness);
trackingSearchSuite('in memory', inMemoryHarness);
trackingHistorySuite('in memory', inMemoryHarness);
loggedModelSuite('in memory', inMemoryHarness);
