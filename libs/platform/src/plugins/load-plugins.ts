import { pathToFileURL } from 'node:url';
import { InvalidArgumentError, type Logger } from '@slipway/kernel';
import type { PluginPackage, PortName } from '@slipway/plugin-kit';
import { findPackageEntry, type PackageEntry } from './package-entry.ts';
import { PluginRegistry, type AnyPlugin } from './plugin-registry.ts';

export interface LoadPluginsOptions {
  /** Exact package names, from the setting `plugins`. */
  readonly names: readonly string[];
  /** Folder of the configuration file. */
  readonly configDirectory: string;
  readonly builtIn: readonly AnyPlugin[];
  /** Gets one line per package. */
  readonly log: Pick<Logger, 'info'>;
}

const API_VERSION = 1;
const DRIVER_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const PORTS: Readonly<Record<PortName, true>> = {
  'event-bus': true,
  'artifact-store': true,
  'model-runtime': true,
  trainer: true,
  'offline-store': true,
  'online-store': true,
  launcher: true,
  authenticator: true,
  gate: true,
};

/**
 * Collects the drivers of a process: the built-in ones and those of the named packages, whose code is run by this call.
 * @throws {InvalidArgumentError} naming the package and what is wrong with it.
 */
export async function loadPlugins(options: LoadPluginsOptions): Promise<PluginRegistry> {
  const registry = new PluginRegistry();
  for (const plugin of options.builtIn) registry.add(plugin);
  for (const name of options.names) {
    const entry = findPackageEntry(name, options.configDirectory);
    const { plugins } = await importPackage(entry);
    for (const plugin of plugins) registry.add(plugin, { package: name, version: entry.version });
    const drivers = plugins.map(({ port, name: driver }) => `${port}.${driver}`);
    options.log.info({ package: name, packageVersion: entry.version, drivers }, 'plugin loaded');
  }
  return registry;
}

async function importPackage(entry: PackageEntry): Promise<PluginPackage> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(entry.file).href)) as { readonly default?: unknown };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw problem(entry, `cannot be loaded: ${text}`, error);
  }
  const content = loaded.default as { readonly plugins?: unknown } | null | undefined;
  if (!Array.isArray(content?.plugins) || content.plugins.length === 0) {
    throw problem(entry, 'is no package of plugins: its default export has no list `plugins`');
  }
  for (const plugin of content.plugins as readonly unknown[]) assertPlugin(plugin, entry);
  return content as PluginPackage;
}

function assertPlugin(candidate: unknown, entry: PackageEntry): asserts candidate is AnyPlugin {
  const plugin = (candidate ?? {}) as Readonly<Record<string, unknown>>;
  const { apiVersion, create, name, parseConfig, port } = plugin;
  if (apiVersion !== API_VERSION) {
    const text = `is written for version ${JSON.stringify(apiVersion)} of the plugin API and this Slipway speaks ${API_VERSION}`;
    throw problem(entry, `${text}; install a version of the package that matches`);
  }
  if (typeof port !== 'string' || !Object.hasOwn(PORTS, port)) {
    throw problem(
      entry,
      `brings a driver for ${JSON.stringify(port)}, which is no port (${Object.keys(PORTS).join(', ')})`,
    );
  }
  if (typeof name !== 'string' || !DRIVER_NAME.test(name) || name === 'driver') {
    throw problem(entry, `names a driver ${JSON.stringify(name)}; a name is kebab-case and not 'driver'`);
  }
  if (typeof parseConfig !== 'function' || typeof create !== 'function') {
    throw problem(entry, `has a driver '${port}.${name}' without parseConfig or create`);
  }
}

const problem = ({ name, version }: PackageEntry, text: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of('plugins', `package '${name}' ${version} ${text}`, { cause });
