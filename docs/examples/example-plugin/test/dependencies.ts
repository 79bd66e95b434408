import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdSource, silentLogger, systemClock, systemRandom, type DriverDependencies } from '@slipway/plugin-kit';

/** An empty folder, and how to be rid of it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'slipway-plugin-example-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** What Slipway hands to a driver. */
export const dependenciesIn = (dataDirectory: string): DriverDependencies => ({
  clock: systemClock,
  ids: createIdSource(systemClock, systemRandom),
  log: silentLogger,
  dataDirectory,
});
