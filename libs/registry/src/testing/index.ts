export { InMemoryArtifactStore } from './in-memory-artifact-store.ts';
export { ManualClock } from './manual-clock.ts';
export { registryRaceSuite } from './registry-race-suite.ts';
export { type RegistryStoreHarness, type StoredFact } from './registry-store-harness.ts';
export { inMemoryHarness } from './in-memory-harness.ts';
export { sampleGraph, fileOf, headerOf, partsOf, sha256Of, streamOf, type Contents } from './sample-package.ts';
