import { describe, expect, it } from 'vitest';
import { trainerCommandPlugin } from './plugin.ts';

const plugin = trainerCommandPlugin({ environment: {}, configDirectory: '/etc/slipway' });

describe('settings of the command trainer', () => {
  it('have defaults, and paths relative to the configuration', () => {
    expect(plugin.parseConfig({ command: 'bin/train' })).toEqual({
      command: '/etc/slipway/bin/train',
      arguments: [],
      workingDirectory: '/etc/slipway',
      timeoutSeconds: 3600,
      memoryMebibytes: 4096,
      logBytesMax: 16 * 1024 ** 2,
      environment: ['PATH', 'HOME', 'LANG'],
      options: [],
      runsMax: 2,
      graceSeconds: 5,
    });
  });

  it('are read from texts as from YAML', () => {
    const texts = { command: 'python3', arguments: 'train.py  --fast', lockCommand: './pip freeze', environment: 'PATH,LD_LIBRARY_PATH', timeoutSeconds: '60', workingDirectory: '../models' }; // prettier-ignore
    const lists = { ...texts, arguments: ['train.py', '--fast'], lockCommand: ['./pip', 'freeze'], environment: ['PATH', 'LD_LIBRARY_PATH'], timeoutSeconds: 60 }; // prettier-ignore
    expect(plugin.parseConfig(texts)).toEqual(plugin.parseConfig(lists));
    expect(plugin.parseConfig(texts)).toMatchObject({
      command: 'python3', // looked for on PATH
      arguments: ['train.py', '--fast'],
      lockCommand: ['/etc/slipway/pip', 'freeze'],
      environment: ['PATH', 'LD_LIBRARY_PATH'],
      timeoutSeconds: 60,
      workingDirectory: '/etc/models',
    });
  });

  it('are refused all together, each by name', () => {
    const wrong = { arguments: ['a\0b'], timeoutSeconds: 0, environment: 'PATH, SLIPWAY_TOKEN, a=b', shell: true };
    expect(() => plugin.parseConfig(wrong)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /trainer\.command\.command: .*arguments\.0: .*timeoutSeconds: .*environment\.1: is set by the driver.*environment\.2: is no name of a variable.*shell/s,
        ) as string,
      }),
    );
  });

  it('need whole paths where there is no configuration file', () => {
    const without = trainerCommandPlugin({ environment: {} });
    expect(() => without.parseConfig({ command: './train' })).toThrow("trainer.command.command: './train' is relative");
    expect(() => without.parseConfig({ command: 'train' })).toThrow("trainer.command.workingDirectory: '.' is relative"); // prettier-ignore
    expect(without.parseConfig({ command: 'train', workingDirectory: '/srv' }).workingDirectory).toBe('/srv');
  });
});
