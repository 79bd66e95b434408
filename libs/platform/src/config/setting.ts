import type { PortName } from '@slipway/plugin-kit';
import type { Secret } from '@slipway/kernel';
import { z } from 'zod';
import { environmentName, flagName, SETTING_KEY_PATTERN } from './setting-names.ts';

/** One setting. The schema sees text from flags and the environment, and parsed YAML from the file. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /**
   * Used when no source names the setting, without being parsed. Left out: the setting is required, or undefined where the schema is optional.
   * A boolean here makes the flag a switch: `--x` and `--no-x`.
   */
  readonly default?: z.output<Schema>;
  /** One sentence for `--help`; says the unit and what the default was chosen for. */
  readonly doc: string;
  /** The value becomes a `Secret`; `<key>-file` is accepted too and names a file that holds it. */
  readonly secret?: true;
  /** Set by `driverSetting`: this setting picks the driver of that port. */
  readonly port?: PortName;
}

export type Settings = Readonly<Record<string, Setting>>;

/** What `config.get` answers for a setting. */
export type SettingValue<One extends Setting> = One extends { readonly secret: true }
  ? undefined extends z.output<One['schema']>
    ? Secret | undefined
    : Secret
  : z.output<One['schema']>;

/** Declares settings by dotted kebab-case key. @throws {Error} on a key of another form: a bug. */
export function defineSettings<const Record extends Settings>(
  settings: Record & { readonly [Key in keyof Record]: Setting<Record[Key]['schema']> },
): Record {
  for (const key of Object.keys(settings)) {
    if (!SETTING_KEY_PATTERN.test(key)) throw new Error(`'${key}' is not a dotted kebab-case setting key`);
  }
  return Object.freeze(settings);
}

type Merge<Records extends readonly Settings[]> = Records extends readonly [
  infer First extends Settings,
  ...infer Rest extends readonly Settings[],
]
  ? First & Merge<Rest>
  : unknown;

/** Joins records. @throws {Error} when two of them declare the same key, or keys that share a flag or a variable: a bug. */
export function composeSettings<const Records extends readonly Settings[]>(...records: Records): Merge<Records> {
  const owners = new Map<string, string>();
  const merged: Record<string, Setting> = {};
  for (const [key, setting] of records.flatMap((record) => Object.entries(record))) {
    const names = setting.secret ? [key, `${key}-file`] : [key];
    for (const name of names.flatMap((each) => [flagName(each), environmentName(each)])) {
      const owner = owners.get(name);
      if (owner !== undefined) throw new Error(`settings '${owner}' and '${key}' both answer to ${name}`);
      owners.set(name, key);
    }
    merged[key] = setting;
  }
  return Object.freeze(merged) as Merge<Records>;
}

/** The setting `<port>.driver`; what stands below `<port>.<driver>.` goes to that driver's own `parseConfig`. */
export function driverSetting<Port extends PortName>(
  port: Port,
  defaultDriver: string,
  doc: string,
): { readonly [Key in `${Port}.driver`]: Setting<z.ZodString> } {
  const setting: Setting<z.ZodString> = { schema: z.string(), default: defaultDriver, doc, port };
  return { [`${port}.driver`]: setting } as { readonly [Key in `${Port}.driver`]: Setting<z.ZodString> };
}

/** `true` and `false`, as YAML or as text. */
export const booleanValue = z.union([
  z.boolean(),
  z.enum(['true', 'false'], { error: "is neither 'true' nor 'false'" }).transform((text) => text === 'true'),
]);

/** A YAML list, or text with commas; an empty item is refused by the item's schema. */
export const listOf = <Item extends z.ZodType>(item: Item, itemsMax: number) =>
  z.preprocess((raw) => (typeof raw === 'string' ? raw.split(',') : raw), z.array(item).max(itemsMax));
