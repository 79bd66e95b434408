import { Secret } from '@slipway/kernel';
import { stringify } from 'yaml';
import type { ConfigEntry } from './read-config.ts';
import { environmentName, flagName } from './setting-names.ts';
import type { Setting, Settings } from './setting.ts';

/** A driver's settings have no declared secrets, so these words decide; a path to a secret is none. */
const SECRET_KEY = /(?:secret|password|token|credential|apikey|accesskey|privatekey)(?!.*(?:file|path)$)/i;
const URL_PASSWORD = /(\/\/[^/:@\s]*:)[^@/\s]+@/g;

/** YAML of all settings, secrets as `***`, with the origin of each value as a comment. It can be read back as a file. */
export function printConfig(entries: readonly ConfigEntry[]): string {
  const lines = entries
    .filter(({ value }) => value !== undefined)
    .map(({ key, value, origin }) => {
      const isSecret = value instanceof Secret || SECRET_KEY.test(key);
      const text = stringify(isSecret ? '***' : value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
      return `${key}: ${text.replaceAll(URL_PASSWORD, '$1***@')} # ${origin}`;
    });
  return `${lines.join('\n')}\n`;
}

/** The page behind `--help`, made from the docs of the settings. */
export function describeSettings(program: string, settings: Settings): string {
  const blocks = Object.entries(settings).map(([key, setting]) => describeSetting(key, setting));
  return [
    `Usage: ${program} [--name value ...]`,
    '',
    'Every setting is a flag, an environment variable and a key of the YAML file named by --config.',
    'A flag wins over the environment, the environment over the file, the file over the default.',
    'Settings of a driver stand below <port>.<driver>., e.g. --event-bus-nats-url.',
    '',
    '  --config FILE     read settings from a YAML file (SLIPWAY_CONFIG)',
    '  --print-config    print all settings and where each comes from, secrets masked, and exit',
    '  --version         print the version and exit',
    '  --help            print this page and exit',
    '',
    ...blocks,
  ].join('\n');
}

function describeSetting(key: string, setting: Setting): string {
  const isSwitch = typeof setting.default === 'boolean';
  const flag = isSwitch ? `--${flagName(key)}, --no-${flagName(key)}` : `--${flagName(key)} VALUE`;
  const fallback = describeDefault(setting);
  const secret = setting.secret ? `\n      Secret; --${flagName(key)}-file names a file that holds it.` : '';
  return `  ${key}  (${flag}, ${environmentName(key)})\n      ${setting.doc}${secret}${fallback}`;
}

function describeDefault(setting: Setting): string {
  if (!('default' in setting) || setting.default === undefined) return '';
  return `\n      Default: ${setting.secret ? '***' : JSON.stringify(setting.default)}`;
}
