import { dirname, resolve } from 'node:path';
import type { PortName } from '@slipway/plugin-kit';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { assignToDrivers, parseDriver, type DriverCatalogue, type DriverValues } from './driver-values.ts';
import { resolveSetting } from './resolve-setting.ts';
import { suggestion } from './setting-names.ts';
import type { Settings, SettingValue } from './setting.ts';
import { readSources, spell, type Environment, type Given, type Sources } from './sources.ts';

/** The driver that was picked for a port and its own reading of its settings. */
export interface DriverChoice {
  readonly name: string;
  readonly config: unknown;
}

/** One line of `--print-config`. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

/** All settings, read once and frozen. */
export interface Config<Known extends Settings = Settings> {
  get<Key extends keyof Known & string>(key: Key): SettingValue<Known[Key]>;
  /** @throws {Error} when no setting of this process picks a driver for the port: a bug. */
  driver(port: PortName): DriverChoice;
  /** Absolute folder of the configuration file, or the working directory; packages of plugins are found from here. */
  readonly directory: string;
  readonly entries: readonly ConfigEntry[];
  /** `--print-config` was given. */
  readonly printConfig: boolean;
}

export interface ReadConfigOptions<Known extends Settings> {
  readonly settings: Known;
  /** Without the program and the script. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly workingDirectory: string;
  /** Called once, with the value of the setting `plugins`. */
  loadDrivers(packages: readonly string[], directory: string): Promise<DriverCatalogue>;
}

/** Reads all settings of a process. @throws {ConfigError} with every problem of every source at once. */
export async function readConfig<Known extends Settings>(options: ReadConfigOptions<Known>): Promise<Config<Known>> {
  const sources = readSources(options.settings, options.argv, options.env);
  const problems: ConfigProblem[] = [...sources.problems];
  const directory = sources.file ? dirname(resolve(options.workingDirectory, sources.file)) : options.workingDirectory;
  const { values, entries, rest } = resolveAll(options.settings, sources, problems);
  const plugins = values.get('plugins') ?? [];
  const catalogue = await loadCatalogue(options, plugins as readonly string[], directory, problems);
  const drivers = catalogue
    ? resolveDrivers(options.settings, values, rest, catalogue, problems)
    : { choices: new Map<string, DriverChoice>(), entries: [] };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    get: <Key extends keyof Known & string>(key: Key) => {
      if (!values.has(key)) throw new Error(`'${key}' is not a setting of this process`);
      return values.get(key) as SettingValue<Known[Key]>;
    },
    driver: (port: PortName) => {
      const choice = drivers.choices.get(port);
      if (!choice) throw new Error(`no setting of this process picks a driver for '${port}'`);
      return choice;
    },
    directory,
    entries: Object.freeze([...entries, ...drivers.entries]),
    printConfig: sources.printConfig,
  });
}

interface ResolvedSettings {
  readonly values: ReadonlyMap<string, unknown>;
  readonly entries: readonly ConfigEntry[];
  /** Given, and no setting of ours. */
  readonly rest: readonly Given[];
}

function resolveAll(settings: Settings, sources: Sources, problems: ConfigProblem[]): ResolvedSettings {
  const values = new Map<string, unknown>();
  const entries: ConfigEntry[] = [];
  const taken = new Set<Given>();
  const take = (key: string): readonly Given[] => {
    const found = sources.given.filter(({ source, name }) => name === spell(source, key));
    found.forEach((each) => taken.add(each));
    return found;
  };
  for (const [key, setting] of Object.entries(settings)) {
    const resolved = resolveSetting(key, setting, take(key), setting.secret ? take(`${key}-file`) : []);
    if ('problems' in resolved) {
      problems.push(...resolved.problems);
      continue;
    }
    values.set(key, resolved.value);
    entries.push({ key, ...resolved });
  }
  return { values, entries, rest: sources.given.filter((each) => !taken.has(each)) };
}

async function loadCatalogue<Known extends Settings>(
  options: ReadConfigOptions<Known>,
  packages: readonly string[],
  directory: string,
  problems: ConfigProblem[],
): Promise<DriverCatalogue | undefined> {
  try {
    return await options.loadDrivers(packages, directory);
  } catch (error) {
    // without the drivers no name below a port can be judged: the rest is reported without them
    problems.push({ setting: 'plugins', description: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function resolveDrivers(
  settings: Settings,
  values: ReadonlyMap<string, unknown>,
  rest: readonly Given[],
  catalogue: DriverCatalogue,
  problems: ConfigProblem[],
): { readonly choices: ReadonlyMap<string, DriverChoice>; readonly entries: readonly ConfigEntry[] } {
  const ports = Object.values(settings).flatMap(({ port }) => port ?? []);
  const assigned = assignToDrivers(rest, ports, catalogue);
  problems.push(...assigned.unknown.map((each) => describeUnknown(each, settings, ports, catalogue)));
  const choices = new Map<string, DriverChoice>();
  const entries: ConfigEntry[] = [];
  for (const port of ports) {
    const name = values.get(`${port}.driver`);
    if (typeof name !== 'string') continue; // its problem is listed already
    const known = catalogue.names(port);
    if (!known.includes(name)) {
      const description = `no driver '${name}'${suggestion(name, known)} (known: ${known.join(', ') || 'none'})`;
      problems.push({ setting: `${port}.driver`, description });
      continue;
    }
    const own: DriverValues = assigned.values.get(`${port}.${name}`) ?? new Map<string, Given>();
    const parsed = parseDriver(port, name, own, catalogue);
    if ('problems' in parsed) problems.push(...parsed.problems);
    else choices.set(port, Object.freeze({ name, config: parsed.config }));
    for (const [key, { value, origin }] of own) entries.push({ key: `${port}.${name}.${key}`, value, origin });
  }
  return { choices, entries };
}

function describeUnknown(
  { source, name, origin }: Given,
  settings: Settings,
  ports: readonly PortName[],
  catalogue: DriverCatalogue,
): ConfigProblem {
  const shown = (spelled: string): string => (source === 'flag' ? `--${spelled}` : spelled);
  const drivers = ports.flatMap((port) => catalogue.names(port).map((driver) => `${port}.${driver}`));
  const keys = Object.keys(settings).flatMap((key) => (settings[key]?.secret ? [key, `${key}-file`] : [key]));
  const known = ['config', ...keys, ...drivers].map((key) => shown(spell(source, key)));
  return {
    setting: shown(name),
    description: `is not a setting (from ${origin})${suggestion(shown(name), known)}`,
  };
}
