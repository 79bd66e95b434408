import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { temporaryDirectory } from '../temporary-directory.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder that all files of one run share, removed at its end. */
    runDirectory: string;
  }
}

/**
 * Before the first test file: makes the folder of the run. Processes are started some hundred times from the same sources, so Node keeps
 * there what it compiled; it finds that by the content of a source. @returns what removes the folder after the last test file.
 */
export default function setup(project: TestProject): () => void {
  const directory = temporaryDirectory('slipway-run-');
  project.provide('runDirectory', directory.path);
  process.env['NODE_COMPILE_CACHE'] ??= join(directory.path, 'compiled');
  return () => directory.remove();
}
