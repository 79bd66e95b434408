import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Secret } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { DriverCatalogue } from './driver-values.ts';
import { describeSettings, printConfig } from './print-config.ts';
import { readConfig } from './read-config.ts';
import { booleanValue, composeSettings, defineSettings, driverSetting, listOf } from './setting.ts';

const settings = composeSettings(
  defineSettings({
    'grpc.host': { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address to listen on.' },
    'grpc.port': { schema: z.coerce.number().int().min(0).max(65_535), default: 50_051, doc: 'Port of gRPC.' },
    'grpc.reflection': { schema: booleanValue, default: true, doc: 'Whether reflection is served.' },
    plugins: { schema: listOf(z.string(), 5), default: [], doc: 'Packages.' },
    'log.labels': { schema: z.record(z.string(), z.string()).optional(), doc: 'Labels.' },
    'database.password': { schema: z.string().min(4).optional(), doc: 'Password.', secret: true },
  }),
  driverSetting('event-bus', 'sqlite', 'Event bus.'),
);

const catalogue: DriverCatalogue = {
  names: (port) => (port === 'event-bus' ? ['sqlite', 'nats', 'nats-core'] : []),
  parseConfig: (_port, driver, raw) => {
    if (raw['url'] === 'bad') throw new Error("url: 'bad' is not a URL");
    return { driver, ...raw };
  },
};

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

function file(text: string, name = 'slipway.yaml'): string {
  const path = join(directory.path, name);
  writeFileSync(path, text);
  return path;
}

const read = (argv: string[] = [], env: Record<string, string> = {}) =>
  readConfig({
    settings,
    argv,
    env,
    workingDirectory: directory.path,
    loadDrivers: async (packages) => {
      if (packages.includes('broken')) throw new Error("package 'broken' was not found");
      return catalogue;
    },
  });

async function problems(argv: string[], env: Record<string, string> = {}): Promise<string[]> {
  const error: unknown = await read(argv, env).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`not refused: ${inspect(error)}`);
  return error.problems.map(({ setting, description }) => `${setting}: ${description}`);
}

describe('reading settings', () => {
  it('types each value by its schema', async () => {
    const config = await read();
    expectTypeOf(config.get('grpc.port')).toEqualTypeOf<number>();
    expectTypeOf(config.get('grpc.reflection')).toEqualTypeOf<boolean>();
    expectTypeOf(config.get('database.password')).toEqualTypeOf<Secret | undefined>();
    expectTypeOf(config.get('event-bus.driver')).toEqualTypeOf<string>();
    expect(config.get('grpc.port')).toBe(50_051);
  });

  it('for all combinations of sources: flag over environment over file over default', async () => {
    const port = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(port, port, port, fc.boolean(), async (flag, variable, inFile, isNested) => {
        const argv = flag === undefined ? [] : isNested ? [`--grpc-port=${flag}`] : ['--grpc-port', `${flag}`];
        const env: Record<string, string> = variable === undefined ? {} : { SLIPWAY_GRPC_PORT: `${variable}` };
        if (inFile !== undefined) {
          argv.push('--config', file(isNested ? `grpc:\n  port: ${inFile}\n` : `grpc.port: ${inFile}\n`));
        }
        const config = await read(argv, env);
        expect(config.get('grpc.port')).toBe(flag ?? variable ?? inFile ?? 50_051);
      }),
      { numRuns: 60 },
    );
  });

  it('reads switches, lists, maps and a file named by the environment', async () => {
    const path = file('plugins: [a, b]\nlog.labels: {team: x}\n');
    const config = await read(['--no-grpc-reflection'], { SLIPWAY_CONFIG: path, PATH: '/bin' });
    expect(config.get('grpc.reflection')).toBe(false);
    expect(config.get('plugins')).toEqual(['a', 'b']);
    expect(config.get('log.labels')).toEqual({ team: 'x' });
    expect(config.directory).toBe(directory.path);
    const ofTheShell = { SLIPWAY_TOKEN: 't', SLIPWAY_TOKEN_FILE: 'f', SLIPWAY_ADDRESS: 'a', SLIPWAY_WORKSPACE: 'w' };
    expect((await read([], { ...ofTheShell, SLIPWAY_GATEWAY: 'g' })).get('plugins')).toEqual([]);
    expect((await read([], { SLIPWAY_GRPC_REFLECTION: 'false', SLIPWAY_PLUGINS: 'c,d' })).get('plugins')).toEqual([
      'c',
      'd',
    ]);
  });

  it('is frozen, deeply', async () => {
    const config = await read(['--plugins', 'a,b']);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.get('plugins'))).toBe(true);
  });

  it('reports all problems of all sources together, each with its origin', async () => {
    const path = file('grpc:\n  hots: x\nplugins: 7\n');
    const found = await problems(['--grpc-prot', '1', '--config', path, 'stray', '--event-bus-driver', 'natz'], {
      SLIPWAY_GRPC_PORT: '70000',
      SLIPWAY_DATABSE_PASSWORD: 'hunter22',
    });
    expect(found).toEqual([
      'stray: is not a flag; settings are written --name value',
      expect.stringMatching(/^grpc\.port: Too big.*\(from environment SLIPWAY_GRPC_PORT=70000\)$/),
      expect.stringMatching(new RegExp(`^plugins: .*\\(from file ${path}=7\\)$`)),
      "--grpc-prot: is not a setting (from flag --grpc-prot); did you mean '--grpc-port'?",
      "SLIPWAY_DATABSE_PASSWORD: is not a setting (from environment SLIPWAY_DATABSE_PASSWORD); did you mean 'SLIPWAY_DATABASE_PASSWORD'?",
      `grpc.hots: is not a setting (from file ${path}); did you mean 'grpc.host'?`,
      "event-bus.driver: no driver 'natz'; did you mean 'nats'? (known: sqlite, nats, nats-core)",
    ]);
    expect(found.join()).not.toContain('hunter22');
  });

  it.each(['true', '', ' 5', '0x10', '1_000', 'Infinity', '٣'])('does not repair the number %j', async (text) => {
    expect(await problems([], { SLIPWAY_GRPC_PORT: text })).toHaveLength(1);
  });

  it.each([
    'grpc.port:',
    'grpc.port: true',
    'grpc.port: 2001-01-01',
    'grpc.port: 1\ngrpc: {port: 2}',
    '- a',
    '{',
    'a: 1\na: 2',
  ])('refuses the file %j', async (text) => {
    expect((await problems(['--config', file(text)])).length).toBeGreaterThan(0);
  });

  it('refuses a flag without a value, a repeated flag, an absent file and a broken plugin', async () => {
    expect(await problems(['--grpc-port'])).toEqual(['--grpc-port: lacks a value; write --grpc-port=value']);
    expect(await problems(['--grpc-port=1', '--grpc-port=2'])).toEqual(['--grpc-port: is given twice']);
    expect((await problems(['--config', join(directory.path, 'absent.yaml')]))[0]).toMatch(/^config: .*ENOENT/);
    expect(await problems(['--plugins', 'broken'])).toEqual(["plugins: package 'broken' was not found"]);
  });

  it('requires a setting without a default', async () => {
    const required = defineSettings({ name: { schema: z.coerce.string(), doc: 'Name.' } });
    const reading = readConfig({
      settings: required,
      argv: [],
      env: {},
      workingDirectory: '/',
      loadDrivers: async () => catalogue,
    });
    await expect(reading).rejects.toThrow('is required; give --name or SLIPWAY_NAME');
  });
});

describe('secrets', () => {
  it('never print, and are read from a file without its last newline', async () => {
    const path = file('hunter22\n', 'password');
    const config = await read(['--database-password-file', path]);
    expect(config.get('database.password')?.reveal()).toBe('hunter22');
    expect(inspect(config.entries, { depth: 9 }) + printConfig(config.entries)).not.toContain('hunter22');
  });

  it('are not shown in problems, and not taken from two places of one source', async () => {
    expect((await problems([], { SLIPWAY_DATABASE_PASSWORD: 'abc' })).join()).not.toContain('abc');
    const twice = ['--database-password=long-enough', '--database-password-file=/nowhere'];
    expect(await problems(twice)).toEqual([expect.stringContaining('is given twice')]);
  });

  it('let the stronger source win between the value and the file', async () => {
    const path = file('from-file', 'password');
    const yaml = file(`database.password-file: ${path}\n`);
    const config = await read(['--config', yaml], { SLIPWAY_DATABASE_PASSWORD: 'from-environment' });
    expect(config.get('database.password')?.reveal()).toBe('from-environment');
  });
});

describe('settings of drivers', () => {
  it('go to the driver in camelCase from every source', async () => {
    const path = file(
      'event-bus:\n  driver: nats\n  nats:\n    credentials-file: from-yaml\n    servers: [a, b]\n    tls: {ca: x}\n',
    );
    const config = await read(['--config', path, '--event-bus-nats-url=nats://x'], {
      SLIPWAY_EVENT_BUS_NATS_CREDENTIALS_FILE: '/etc/creds',
    });
    expect(config.driver('event-bus')).toEqual({
      name: 'nats',
      config: { driver: 'nats', url: 'nats://x', credentialsFile: '/etc/creds', servers: ['a', 'b'], tls: { ca: 'x' } },
    });
  });

  it('go to the driver with the longest name that fits', async () => {
    const config = await read(['--event-bus-driver', 'nats-core', '--event-bus-nats-core-url', 'x']);
    expect(config.driver('event-bus').config).toEqual({ driver: 'nats-core', url: 'x' });
  });

  it('add the problems that the driver finds, and refuse names of no driver', async () => {
    const found = await problems(['--event-bus-driver=nats', '--event-bus-nats-url=bad', '--event-bus-kafka-url=x']);
    expect(found).toEqual([
      expect.stringContaining('--event-bus-kafka-url: is not a setting'),
      "event-bus.nats: url: 'bad' is not a URL (from flag --event-bus-nats-url)",
    ]);
  });

  it('are masked when their name or their URL tells a secret', async () => {
    const config = await read([
      '--event-bus-driver=nats',
      '--event-bus-nats-token=tttt',
      '--event-bus-nats-url=nats://me:pppp@host',
      '--event-bus-nats-credentials-file=/etc/creds',
    ]);
    const printed = printConfig(config.entries);
    expect(printed).not.toMatch(/tttt|pppp/);
    expect(printed).toContain('/etc/creds');
  });
});

describe('printing', () => {
  it('prints YAML that reads back to the same settings', async () => {
    mkdirSync(join(directory.path, 'x'));
    const config = await read(['--grpc-port=7', '--plugins=a,b', '--no-grpc-reflection', '--print-config']);
    expect(config.printConfig).toBe(true);
    const text = printConfig(config.entries);
    expect(text).toContain('grpc.port: 7 # flag --grpc-port\n');
    const again = await read(['--config', file(text)]);
    expect(again.entries.map(({ key, value }) => [key, value])).toEqual(
      config.entries.map(({ key, value }) => [key, value]),
    );
  });

  it('documents every setting', () => {
    const page = describeSettings('serving', settings);
    for (const key of Object.keys(settings)) expect(page).toContain(`  ${key}  (--`);
    expect(page).toContain('SLIPWAY_DATABASE_PASSWORD');
    expect(page).toContain('Default: 50051');
  });

  it('refuses two settings with one name', () => {
    const one = defineSettings({ 'a.b': { schema: z.string(), default: '', doc: 'x' } });
    const other = defineSettings({ 'a-b': { schema: z.string(), default: '', doc: 'x' } });
    expect(() => composeSettings(one, other)).toThrow("settings 'a.b' and 'a-b' both answer to a-b");
  });
});
