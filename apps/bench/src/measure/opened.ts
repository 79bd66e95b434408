import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a row has opened, to be closed in reverse also when it fails. */
export class Opened {
  readonly #closes: (() => unknown)[] = [];

  /** @param close may return a promise. */
  onEnd(close: () => unknown): void {
    this.#closes.push(close);
  }

  /** An empty directory that is removed at the end. */
  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
    this.onEnd(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closes.splice(0).toReversed()) await close();
  }
}
