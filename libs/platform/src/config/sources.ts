import type { ConfigProblem } from './config-error.ts';
import { readConfigFile } from './read-file.ts';
import { readFlags } from './read-flags.ts';
import { ENVIRONMENT_PREFIX, environmentName, flagName } from './setting-names.ts';
import type { Settings } from './setting.ts';

/** Where a value came from; earlier in `SOURCES` wins. */
export type Source = 'flag' | 'environment' | 'file';
export const SOURCES: readonly Source[] = ['flag', 'environment', 'file'];

/** Something a source said, before it is known which setting it means. `name` is spelled as in that source. */
export interface Given {
  readonly source: Source;
  readonly name: string;
  readonly value: unknown;
  /** For messages, e.g. `environment SLIPWAY_GRPC_PORT`. */
  readonly origin: string;
}

export interface Sources {
  readonly given: readonly Given[];
  readonly problems: readonly ConfigProblem[];
  /** Path of the configuration file, when there is one. */
  readonly file: string | undefined;
  /** `--print-config` was given. */
  readonly printConfig: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Only flags and the environment have these; a file cannot name itself. */
const CONFIG = 'config';
const PRINT_CONFIG = 'print-config';
/** Read by the tests of this repository; a service started by a test inherits them. */
const TEST_PREFIX = `${ENVIRONMENT_PREFIX}TEST_`;
/** What the command line reads; a service is often started from the same shell. */
const CLIENT_NAMES: ReadonlySet<string> = new Set(
  ['ADDRESS', 'GATEWAY', 'TOKEN', 'TOKEN_FILE', 'WORKSPACE'].map((name) => ENVIRONMENT_PREFIX + name),
);

/** How a source spells a setting. */
export function spell(source: Source, key: string): string {
  if (source === 'flag') return flagName(key);
  return source === 'environment' ? environmentName(key) : key;
}

/** Reads the command line, the environment and the file that one of them names. Nothing is judged yet but form. */
export function readSources(settings: Settings, argv: readonly string[], env: Environment): Sources {
  const switches = Object.keys(settings).filter((key) => typeof settings[key]?.default === 'boolean');
  const flags = readFlags(argv, new Set([...switches.map(flagName), PRINT_CONFIG]));
  const fromFlags = flags.values.map(({ name, value }): Given => ({
    source: 'flag',
    name,
    value,
    origin: `flag --${name}`,
  }));
  const fromEnvironment = Object.entries(env)
    .filter(
      ([name, value]) =>
        name.startsWith(ENVIRONMENT_PREFIX) &&
        !name.startsWith(TEST_PREFIX) &&
        !CLIENT_NAMES.has(name) &&
        value !== undefined,
    )
    .map(([name, value]): Given => ({ source: 'environment', name, value, origin: `environment ${name}` }));
  const outside = [...fromFlags, ...fromEnvironment];
  const isOwn = ({ source, name }: Given, key: string): boolean => name === spell(source, key);
  const path = outside.find((each) => isOwn(each, CONFIG))?.value;
  const file = typeof path === 'string' ? readConfigFile(path, (key) => isWhole(settings, key)) : undefined;
  const fromFile = (file?.entries ?? []).map(({ key, value }): Given => ({
    source: 'file',
    name: key,
    value,
    origin: `file ${String(path)}`,
  }));
  return {
    given: [
      ...outside.filter((each) => !isOwn(each, CONFIG) && !(each.source === 'flag' && each.name === PRINT_CONFIG)),
      ...fromFile,
    ],
    problems: [...flags.problems, ...(file?.problems ?? [])],
    file: typeof path === 'string' ? path : undefined,
    printConfig: fromFlags.some(({ name, value }) => name === PRINT_CONFIG && value === true),
  };
}

/** Below `<port>.<driver>.` a value belongs to the driver, whatever its form. */
function isWhole(settings: Settings, key: string): boolean {
  if (key in settings) return true;
  const [port, , option] = key.split('.');
  return option !== undefined && settings[`${port}.driver`]?.port !== undefined;
}
