import { readFileSync } from 'node:fs';
import { findPackageJSON, isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError } from '@slipway/kernel';
import { z } from 'zod';

/** An installed package and the file that `import` of its name would load. */
export interface PackageEntry {
  readonly name: string;
  readonly version: string;
  readonly file: string;
}

/** What npm allows for new packages: no path, no version, no URL, no upper case. */
const PACKAGE_NAME = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const PACKAGE_NAME_CHARACTERS_MAX = 214;
const CONDITIONS = ['node', 'import', 'default'];

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  main: z.string().optional(),
  exports: z.unknown().optional(),
});

const problem = (name: string, text: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of('plugins', `package '${name}' ${text}`, { cause });

/**
 * Finds a package in `node_modules` of a folder or of the folders above it, and nowhere else.
 * @throws {InvalidArgumentError} when the name is not one, or the package is not there or has no entry.
 */
export function findPackageEntry(name: string, directory: string): PackageEntry {
  if (!PACKAGE_NAME.test(name) || name.length > PACKAGE_NAME_CHARACTERS_MAX || isBuiltin(name)) {
    throw problem(name, 'is not the exact name of an npm package (no path, version or URL)');
  }
  const manifestFile = locate(name, directory);
  const manifest = manifestSchema.safeParse(JSON.parse(readFileSync(manifestFile, 'utf8')));
  if (!manifest.success || manifest.data.name !== name) throw problem(name, `has a bad manifest ${manifestFile}`);
  const { exports, main, version } = manifest.data;
  const target = exports === undefined ? (main ?? 'index.js') : entryOf(exports);
  if (target === undefined) throw problem(name, "exports nothing for 'import'");
  const root = dirname(manifestFile);
  const file = resolve(root, target);
  if (relative(root, file).split(sep)[0] === '..') throw problem(name, 'has an entry outside of its own folder');
  return { name, version, file };
}

/** `require.resolve` would not see packages that only `import` may load, and would look into global folders. */
function locate(name: string, directory: string): string {
  let found: string | undefined;
  try {
    found = findPackageJSON(name, pathToFileURL(join(directory, 'config.yaml')));
  } catch (error) {
    throw problem(name, `is not installed for ${directory}; run npm install ${name} there`, error);
  }
  if (found === undefined) throw problem(name, `is not installed for ${directory}; run npm install ${name} there`);
  return found;
}

/** @see Node.js packages, conditional exports: the first condition that holds, in the order of the manifest. */
function entryOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (Array.isArray(exports)) return exports.map(entryOf).find((target) => target !== undefined);
  if (typeof exports !== 'object' || exports === null) return undefined;
  for (const [key, target] of Object.entries(exports)) {
    if (key !== '.' && !CONDITIONS.includes(key)) continue;
    const entry = entryOf(target);
    if (entry !== undefined) return entry;
  }
  return undefined;
}
