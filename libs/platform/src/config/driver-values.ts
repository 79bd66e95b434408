import type { PortName } from '@slipway/plugin-kit';
import type { ConfigProblem } from './config-error.ts';
import { camelCase } from './setting-names.ts';
import { SOURCES, spell, type Given } from './sources.ts';

/** Which drivers exist and how each reads its own settings. */
export interface DriverCatalogue {
  names(port: PortName): readonly string[];
  /** @throws {Error} whose text lists all problems. */
  parseConfig(port: PortName, driver: string, raw: Readonly<Record<string, unknown>>): unknown;
}

/** What the configuration says below one `<port>.<driver>.`, by camelCase key. */
export type DriverValues = ReadonlyMap<string, Given>;

/** Finds for each value the driver it is meant for. `unknown` holds what no driver answers to. */
export function assignToDrivers(
  given: readonly Given[],
  ports: readonly PortName[],
  catalogue: DriverCatalogue,
): { readonly values: ReadonlyMap<string, DriverValues>; readonly unknown: readonly Given[] } {
  const drivers = ports.flatMap((port) => catalogue.names(port).map((driver) => `${port}.${driver}`));
  drivers.sort((left, right) => right.length - left.length); // `nats-core` before `nats`
  const values = new Map<string, Map<string, Given>>();
  const unknown: Given[] = [];
  for (const source of SOURCES) {
    for (const each of given.filter((candidate) => candidate.source === source)) {
      const driver = drivers.find((name) => each.name.startsWith(prefixOf(each, name)));
      const rest = driver === undefined ? '' : each.name.slice(prefixOf(each, driver).length);
      if (driver === undefined || rest === '') {
        unknown.push(each);
        continue;
      }
      const key = camelCase(source === 'environment' ? rest.toLowerCase().replaceAll('_', '-') : rest);
      const own = values.get(driver) ?? new Map<string, Given>();
      values.set(driver, own);
      if (!own.has(key)) own.set(key, each); // the sources come in order of precedence
    }
  }
  return { values, unknown };
}

/** `event-bus.nats.` in the spelling of the source. */
function prefixOf({ source }: Given, driver: string): string {
  return spell(source, `${driver}.x`).slice(0, -1);
}

/** The driver's own reading of its settings, or what it found wrong. */
export function parseDriver(
  port: PortName,
  driver: string,
  values: DriverValues,
  catalogue: DriverCatalogue,
): { readonly config: unknown } | { readonly problems: readonly ConfigProblem[] } {
  const raw = Object.fromEntries([...values].map(([key, { value }]) => [key, value]));
  try {
    return { config: catalogue.parseConfig(port, driver, Object.freeze(raw)) };
  } catch (error) {
    const origins = new Set([...values.values()].map(({ origin }) => origin));
    const text = error instanceof Error ? error.message : String(error);
    const description = origins.size === 0 ? text : `${text} (from ${[...origins].join(', ')})`;
    return { problems: [{ setting: `${port}.${driver}`, description }] };
  }
}
