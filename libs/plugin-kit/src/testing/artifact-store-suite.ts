import { afterEach, beforeEach, describe } from 'vitest';
import { unaborted, type ArtifactStorage, type ArtifactStoreFixture } from './artifact-store-harness.ts';
import { listTests } from './artifact-store-suite-list.ts';
import { pathTests } from './artifact-store-suite-paths.ts';
import { readTests } from './artifact-store-suite-read.ts';
import { streamTests } from './artifact-store-suite-stream.ts';
import { writeTests } from './artifact-store-suite-write.ts';

export interface ArtifactStoreSuiteOptions {
  /** Bytes that pass through a store while memory is measured; more than the bound of 120 MiB, or the test proves nothing. */
  readonly streamBytes: number;
}

/** The contract of the artifact store port. `make` gives an empty storage for each test. */
export function artifactStoreSuite(
  name: string,
  make: () => Promise<ArtifactStorage>,
  options: ArtifactStoreSuiteOptions = { streamBytes: 160 * 1024 * 1024 },
): void {
  describe(`artifact store contract: ${name}`, () => {
    let fixture: ArtifactStoreFixture | undefined;
    beforeEach(async () => {
      const storage = await make();
      const store = storage.create();
      fixture = { storage, store };
      await store.open(unaborted);
    });
    afterEach(async () => {
      await fixture?.store.close();
      await fixture?.storage.remove();
      fixture = undefined;
    });
    const current = (): ArtifactStoreFixture => {
      if (!fixture) throw new Error('only inside a test');
      return fixture;
    };
    writeTests(current);
    readTests(current);
    listTests(current);
    pathTests(current);
    streamTests(current, options.streamBytes);
  });
}
