import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createIdSource, seededRandom, silentLogger } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noneAuthenticator } from '../identity/none-authenticator.ts';
import { ManualClock } from '../lifecycle/testing/manual-clock.ts';
import { loadPlugins } from './load-plugins.ts';

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

const driver = (fields: string): string => `{
  port: 'event-bus', name: 'kafka', apiVersion: 1,
  parseConfig: (raw) => raw, create: (config, { dataDirectory }) => ({ config, dataDirectory }), ${fields} }`;
const packageOf = (...drivers: string[]): string => `export default { plugins: [${drivers.join(',')}] };`;

/** Installs a package below the folder, as npm would. */
function install(
  name: string,
  source: string,
  manifest: object = { exports: { '.': { import: './main.mjs' } } },
): void {
  const folder = join(directory.path, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '3.2.1', ...manifest }));
  writeFileSync(join(folder, 'main.mjs'), source);
}

const lines: [object, string][] = [];
const load = (...names: string[]) => {
  lines.length = 0;
  return loadPlugins({
    names,
    configDirectory: join(directory.path, 'etc'),
    builtIn: [noneAuthenticator],
    log: { ...silentLogger, info: (fields, message) => void lines.push([fields, message]) },
  });
};

describe('loading plugins', () => {
  it('takes packages from the folder of the configuration or above, and prints them', async () => {
    install('slipway-kafka', packageOf(driver('')));
    install('@acme/more', packageOf(driver("name: 'pulsar'")), { main: './main.mjs' });
    const registry = await load('slipway-kafka', '@acme/more');
    expect(registry.names('event-bus')).toEqual(['kafka', 'pulsar']);
    expect(registry.names('authenticator')).toEqual(['none']);
    expect(lines[0]).toEqual([
      { package: 'slipway-kafka', packageVersion: '3.2.1', drivers: ['event-bus.kafka'] },
      'plugin loaded',
    ]);
    const clock = new ManualClock();
    const dependencies = {
      clock,
      ids: createIdSource(clock, seededRandom(1)),
      log: silentLogger,
      dataDirectory: '/data',
    };
    const made: unknown = registry.create('event-bus', 'kafka', { url: 'x' }, dependencies);
    expect(made).toEqual({ config: { url: 'x' }, dataDirectory: '/data' });
    expect(() => registry.create('event-bus', 'nats', {}, dependencies)).toThrow(
      "no driver 'nats' (known: kafka, pulsar)",
    );
  });

  it.each([
    './x',
    '../x',
    '/etc/x',
    'x@1',
    'x/y',
    '@a/b/c',
    'https://x.example/y.js',
    'file:x',
    'X',
    '',
    ' x',
    'fs',
    'node:fs',
    '.hidden',
  ])('takes no %j for a package name', async (name) => {
    await expect(load(name)).rejects.toThrow('is not the exact name of an npm package');
  });

  it('says where an absent package has to be installed', async () => {
    await expect(load('no-such-package-here')).rejects.toThrow(`run npm install no-such-package-here there`);
  });

  it.each([
    [
      'another API version',
      packageOf(driver('apiVersion: 2')),
      'is written for version 2 of the plugin API and this Slipway speaks 1',
    ],
    ['no API version', packageOf(driver('apiVersion: undefined')), 'is written for version undefined'],
    ['an unknown port', packageOf(driver("port: 'databases'")), 'brings a driver for "databases", which is no port'],
    ['a port of Object', packageOf(driver("port: 'constructor'")), 'which is no port'],
    ['a bad name', packageOf(driver("name: 'Kafka!'")), 'names a driver "Kafka!"'],
    ['no create', packageOf(driver('create: 1')), 'without parseConfig or create'],
    ['a null', packageOf('null'), 'is written for version undefined'],
    ['no list', 'export default {};', 'no list `plugins`'],
    ['no default export', 'export const plugins = [];', 'no list `plugins`'],
    ['code that throws', "throw new Error('planned');", 'cannot be loaded: planned'],
    ['the same driver twice', packageOf(driver(''), driver('')), "which package 'odd' has already"],
    [
      'the name of a built-in driver',
      packageOf(driver("port: 'authenticator', name: 'none'")),
      'which Slipway itself has already',
    ],
  ])('refuses a package with %s', async (_what, source, text) => {
    install('odd', source);
    await expect(load('odd')).rejects.toThrow(text);
  });

  it('refuses an entry outside of the package', async () => {
    install('odd', packageOf(driver('')), { main: '../../evil.mjs' });
    await expect(load('odd')).rejects.toThrow('outside of its own folder');
  });

  it('works in a bundle of one file', async () => {
    install('slipway-kafka', packageOf(driver('')));
    const source = fileURLToPath(new URL('./load-plugins.ts', import.meta.url));
    const outfile = join(directory.path, 'bundle.mjs');
    await build({
      stdin: {
        contents: `import { loadPlugins } from ${JSON.stringify(source)};
          const log = { info: () => undefined };
          const registry = await loadPlugins({ names: ['slipway-kafka'], configDirectory: process.argv[2], builtIn: [], log });
          process.stdout.write(registry.names('event-bus').join());`,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      outfile,
      logLevel: 'silent',
    });
    const elsewhere = { cwd: '/', encoding: 'utf8' } as const;
    expect(execFileSync(process.execPath, [outfile, directory.path], elsewhere)).toBe('kafka');
  });
});
