import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { artifactPath } from '../artifact-store.ts';
import { memoryGauge, randomBytes, unaborted, type ArtifactStoreFixture } from './artifact-store-harness.ts';

const MEMORY_BYTES_MAX = 120 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

export function streamTests(current: () => ArtifactStoreFixture, streamBytes: number): void {
  describe('memory', () => {
    it(`stays bounded while ${Math.round(streamBytes / CHUNK_BYTES)} MiB pass in and out`, async () => {
      const path = artifactPath('default', 'large.bin');
      const written = createHash('sha256');
      const memory = memoryGauge();
      async function* source(): AsyncGenerator<Uint8Array> {
        const chunk = randomBytes(1, CHUNK_BYTES);
        for (let sent = 0; sent < streamBytes; sent += CHUNK_BYTES) {
          chunk[0] = (chunk[0] ?? 0) + 1;
          written.update(chunk);
          memory.sample();
          yield chunk;
        }
      }
      const info = await current().store.write(path, source(), {}, unaborted);
      const read = createHash('sha256');
      for await (const chunk of await current().store.read(path, undefined, unaborted)) {
        read.update(chunk);
        memory.sample();
      }
      expect(info.sha256).toBe(written.digest('hex'));
      expect(read.digest('hex')).toBe(info.sha256);
      expect(streamBytes).toBeGreaterThan(MEMORY_BYTES_MAX);
      expect(memory.growth()).toBeLessThan(MEMORY_BYTES_MAX);
    }, 120_000);
  });
}
