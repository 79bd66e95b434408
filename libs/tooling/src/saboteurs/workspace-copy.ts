import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COPIED = [
  'apps',
  'deploy',
  'libs',
  'proto',
  'package.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'vitest.config.ts',
] as const;

export interface WorkspaceCopy {
  readonly path: string;
  remove(): void;
}

/** A copy with sources of its own and the installed packages of the original. */
export function copyWorkspace(root: string): WorkspaceCopy {
  const path = mkdtempSync(join(tmpdir(), 'slipway-saboteurs-'));
  for (const entry of COPIED) {
    cpSync(join(root, entry), join(path, entry), {
      recursive: true,
      filter: (source) => !/\/(node_modules|dist)(\/|$)/.test(source.slice(root.length)),
    });
  }
  const packages = join(root, 'node_modules');
  mkdirSync(join(path, 'node_modules/@slipway'), { recursive: true });
  for (const name of readdirSync(packages)) {
    if (name !== '@slipway' && name !== '.vite') symlinkSync(join(packages, name), join(path, 'node_modules', name));
  }
  for (const name of readdirSync(join(packages, '@slipway'))) {
    // relative links, so they lead into the copy
    symlinkSync(readlinkSync(join(packages, '@slipway', name)), join(path, 'node_modules/@slipway', name));
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
