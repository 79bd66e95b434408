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
 * Makes `dist/images/<app>`, the whole content of the image of an app: its bundle with the packages it needs, Node and the probe.
 * The installed packages are kept while the lock file of the bundle is the same. @returns the folder.
 */
export async function prepareContext(app: string, { root, target }: Workspace): Promise<string> {
  const [bundle, context] = [join(root, 'dist/apps', app), join(root, 'dist/images', app)];
  if (!existsSync(join(bundle, 'main.js'))) throw new Error(`${bundle} holds no bundle; 'npm run build' makes it`);
  const modules = await installModules(bundle, join(root, 'dist/images/.modules', app), target);
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  const isShipped = (path: string): boolean => !/\.map$|package-lock\.json$|\.npmrc$/.test(path);
  cpSync(bundle, join(context, 'app'), { recursive: true, filter: isShipped });
  cpSync(modules, join(context, 'app/node_modules'), { recursive: true });
  cpSync(join(root, 'deploy/probe.mjs'), join(context, 'app/probe.mjs'));
  cpSync(nodeBinary(root, target), join(context, 'node'));
  chmodSync(join(context, 'node'), 0o755);
  return context;
}

async function installModules(bundle: string, folder: string, target: Target): Promise<string> {
  const modules = join(folder, 'node_modules');
  const lock = readFileSync(join(bundle, 'package-lock.json'), 'utf8');
  const stamp = join(folder, 'installed');
  const wanted = `${target.platform}-${target.arch}\n${lock}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return modules;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(bundle, file), join(folder, file));
  await runCommand('npm', ['ci', '--omit=dev'], { cwd: folder, timeoutMs: INSTALL_MS_MAX });
  pruneModules(modules, target);
  writeFileSync(stamp, wanted); // last: half of an install is never taken for a whole one
  return modules;
}

function nodeBinary(root: string, { platform, arch }: Target): string {
  const path = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin/node');
  if (!existsSync(path)) throw new Error(`${path} does not exist; 'npm ci' on ${platform}/${arch} installs it`);
  return path;
}
