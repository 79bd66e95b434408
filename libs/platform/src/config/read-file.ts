import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { ConfigProblem } from './config-error.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const NESTING_MAX = 16;

/** A configuration file, keys joined with dots. */
export interface ConfigFile {
  readonly entries: readonly { readonly key: string; readonly value: unknown }[];
  readonly problems: readonly ConfigProblem[];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/**
 * Reads one YAML file (JSON is YAML). Keys may be nested or dotted.
 * @param isWhole tells for a dotted key that its value is taken as it is, even when it is a map.
 */
export function readConfigFile(path: string, isWhole: (key: string) => boolean): ConfigFile {
  let content: unknown;
  try {
    const text = readFileSync(path);
    if (text.byteLength > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes`);
    const document = parseDocument(text.toString('utf8'), { uniqueKeys: true });
    if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message.trim()).join('; '));
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const description = `file '${path}' cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { entries: [], problems: [{ setting: 'config', description }] };
  }
  if (content === null) return { entries: [], problems: [] };
  if (!isRecord(content)) {
    return { entries: [], problems: [{ setting: 'config', description: `file '${path}' holds no map of settings` }] };
  }
  const entries = flatten(content, '', isWhole, 0);
  return { entries, problems: repeatedKeys(entries, path) };
}

function flatten(
  map: Readonly<Record<string, unknown>>,
  prefix: string,
  isWhole: (key: string) => boolean,
  depth: number,
): { key: string; value: unknown }[] {
  return Object.entries(map).flatMap(([name, value]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const goesOn = isRecord(value) && !isWhole(key) && depth < NESTING_MAX && Object.keys(value).length > 0;
    return goesOn ? flatten(value, key, isWhole, depth + 1) : [{ key, value }];
  });
}

function repeatedKeys(entries: ConfigFile['entries'], path: string): ConfigProblem[] {
  const keys = entries.map(({ key }) => key);
  const twice = new Set(keys.filter((key, index) => keys.indexOf(key) !== index));
  return [...twice].map((key) => ({ setting: key, description: `is given twice in file '${path}'` }));
}
