/**
 * Bundles the app in the current folder to `dist/apps/<name>`: plain JavaScript for `node main.js`, with a package.json and a lock file of
 * exactly what is not bundled, so that `npm ci --omit=dev` there is the whole production install. `--output DIR` names another folder.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, type BuildOptions, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '../../..');
const app = process.cwd();
const { values } = parseArgs({ options: { output: { type: 'string' } } });
const output = resolve(values.output ?? join(root, 'dist', relative(root, app)));
const manifest = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as AppManifest;

interface AppManifest {
  readonly name: string;
  readonly version: string;
  /** Packages kept out of the bundle beside the native ones, and files copied into it (from, to). */
  readonly slipway?: { readonly external?: readonly string[]; readonly assets?: Readonly<Record<string, string>> };
}

interface LockEntry {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly dev?: boolean;
}

/** Native modules and packages that read their own files at run time. */
const NATIVE = ['better-sqlite3', 'onnxruntime-node', '@duckdb/node-api', 'lmdb'];
const external = [...NATIVE, ...(manifest.slipway?.external ?? [])];

const options = (entryPoints: Record<string, string>): BuildOptions => ({
  absWorkingDir: root,
  entryPoints,
  outdir: output,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
  external,
  banner: {
    js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`,
  },
});

/** Leaves out the packages of others, for a quick look at which of our files an app takes in. */
const ourFilesOnly: Plugin = {
  name: 'our-files-only',
  setup: (bundling) =>
    bundling.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@slipway/') ? undefined : { path, external: true },
    ),
};

/** Child processes and workers are started by file name beside the module that starts them: `*-child.ts` and `*-worker.ts`. */
function companions(inputs: readonly string[]): Record<string, string> {
  const folders = new Set(inputs.filter((input) => /^(apps|libs)\//.test(input)).map((input) => dirname(input)));
  const found = [...folders].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => /-(child|worker)\.ts$/.test(file))
      .map((file) => [basename(file, '.ts'), join(root, folder, file)] as const),
  );
  return Object.fromEntries(found);
}

/** Every package that `names` need, from the lock file of the workspace. */
function lockedClosure(names: readonly string[]): {
  packages: Record<string, LockEntry>;
  versions: Record<string, string>;
} {
  const lock = (
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockEntry> }
  ).packages;
  const locate = (from: string, name: string): string | undefined => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const path = `${at ? `${at}/` : ''}node_modules/${name}`;
      if (lock[path]) return path;
      if (at === '') return undefined;
    }
  };
  const packages: Record<string, LockEntry> = {};
  const queue = names.map((name): [from: string, name: string] => ['', name]);
  for (let next = queue.pop(); next; next = queue.pop()) {
    const path = locate(...next);
    const entry = path === undefined ? undefined : lock[path];
    if (path === undefined || !entry || packages[path]) continue;
    const { dev: _dev, ...kept } = entry;
    packages[path] = kept;
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) queue.push([path, name]);
  }
  const versions = Object.fromEntries(
    names.map((name) => [name, packages[`node_modules/${name}`]?.version ?? missing(name)]),
  );
  return { packages, versions };
}

function missing(name: string): never {
  throw new Error(`${manifest.name} needs ${name} at run time, and the lock file of the workspace does not hold it`);
}

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

async function run(): Promise<void> {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const main = { main: join(app, 'src/main.ts') };
  const first = await build({ ...options(main), plugins: [ourFilesOnly], sourcemap: false, write: false });
  const result = await build(options({ ...main, ...companions(Object.keys(first.metafile?.inputs ?? {})) }));
  const imports = Object.values(result.metafile?.outputs ?? {}).flatMap((file) => file.imports);
  const used = new Set(
    imports.filter((one) => one.external && !one.path.startsWith('node:')).map((one) => packageName(one.path)),
  );
  const names = external.filter((name) => used.has(name)).sort();
  const { packages, versions } = lockedClosure(names);
  const head = { name: manifest.name.replace('@slipway/', 'slipway-'), version: manifest.version };
  const packageFile = { ...head, private: true, type: 'module', dependencies: versions };
  writeFileSync(join(output, 'package.json'), `${JSON.stringify(packageFile, null, 2)}\n`);
  const lock = {
    ...head,
    lockfileVersion: 3,
    requires: true,
    packages: { '': { ...head, dependencies: versions }, ...packages },
  };
  writeFileSync(join(output, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
  cpSync(join(root, '.npmrc'), join(output, '.npmrc'));
  for (const [from, to] of Object.entries(manifest.slipway?.assets ?? {})) {
    const source = join(root, from);
    if (!existsSync(source)) throw new Error(`asset ${from} of ${manifest.name} does not exist`);
    cpSync(source, join(output, to), { recursive: true });
  }
  const bytes = Object.values(result.metafile?.outputs ?? {}).reduce((sum, file) => sum + file.bytes, 0);
  process.stdout.write(
    `${relative(root, output)}: ${(bytes / 1e6).toFixed(1)} MB with source maps; installed beside it: ${names.join(', ') || 'nothing'}\n`,
  );
}

await run();
