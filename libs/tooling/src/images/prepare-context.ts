import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pruneModules, type Target } from './prune-modules.ts';
import { runCommand } from './run-command.ts';

const INSTALL_MS_MAX = 300_000;

export interface Workspace {
  /** Absolute. */
  readonly root: string;
  readonly target: Target;
}

/**
 * Makes `dist/images/<app>`, the whole content of the image of an app: its bundle, the packages it needs, Node and the probe.
 * Packages are installed once for all apps that need the same ones, and kept for the next time. @returns the folder.
 */
export async function prepareContext(app: string, { root, target }: Workspace): Promise<string> {
  const [bundle, context] = [join(root, 'dist/apps', app), join(root, 'dist/images', app)];
  if (!existsSync(join(bundle, 'main.js'))) throw new Error(`${bundle} holds no bundle; 'npm run build' makes it`);
  const modules = await installModules(bundle, join(root, 'dist/images/.modules'), target);
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  const isShipped = (path: string): boolean => !/\.map$|package-lock\.json$|\.npmrc$/.test(path);
  cpSync(bundle, join(context, 'app'), { recursive: true, filter: isShipped });
  cpSync(modules, join(context, 'modules'), { recursive: true });
  cpSync(join(root, 'deploy/probe.mjs'), join(context, 'app/probe.mjs'));
  cpSync(nodeBinary(root, target), join(context, 'node'));
  chmodSync(join(context, 'node'), 0o755);
  return context;
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dependencies?: object }>>;
}

async function installModules(bundle: string, store: string, target: Target): Promise<string> {
  const { packages } = JSON.parse(readFileSync(join(bundle, 'package-lock.json'), 'utf8')) as LockFile;
  const content = { target, packages: { ...packages, '': packages['']?.dependencies } }; // not the name of the app
  const folder = join(store, createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16));
  const [modules, stamp] = [join(folder, 'node_modules'), join(folder, 'installed')];
  if (existsSync(stamp)) return modules;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(bundle, file), join(folder, file));
  await runCommand('npm', ['ci', '--omit=dev'], { cwd: folder, timeoutMs: INSTALL_MS_MAX });
  pruneModules(modules, target);
  writeFileSync(stamp, ''); // last: half of an install is never taken for a whole one
  return modules;
}

function nodeBinary(root: string, { platform, arch }: Target): string {
  const path = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin/node');
  if (!existsSync(path)) throw new Error(`${path} does not exist; 'npm ci' on ${platform}/${arch} installs it`);
  return path;
}
