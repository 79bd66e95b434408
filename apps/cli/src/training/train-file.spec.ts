import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { readTrainFile } from './train-file.ts';

const folder = temporaryDirectory();
afterAll(() => folder.remove());

const GOOD = `trainer: { driver: linear }
training-set: abc
model: flight-delay
description: schedule only
target: late
task: binary-classification
features:
  - { column: hour, reference: 'request:hour' }
  - { column: delay, reference: 'origin_delays:delay' }
experiment: flights
`;

function read(source: string) {
  const path = join(folder.path, 'train.yaml');
  writeFileSync(path, source);
  return readTrainFile(path, {});
}

describe('a file that says what to train', () => {
  it('keeps the order of features, and has defaults', () => {
    const { createTrainer, ...file } = read(GOOD);
    expect(createTrainer).toBeTypeOf('function');
    expect(file.features.map(({ column }) => column)).toEqual(['hour', 'delay']);
    expect(file).toMatchObject({ options: {}, seed: 1, 'output-meanings': {} });
    expect(file.evaluation).toBeUndefined();
  });

  it.each([
    ['an unknown key', `${GOOD}colour: red\n`, 'colour: is no key of this file; remove it'],
    ['an unknown driver', GOOD.replace('driver: linear', 'driver: magic'), 'trainer.driver: '],
    ['a missing key', GOOD.replace('target: late\n', ''), 'target: '],
    ['a wrong reference', GOOD.replace('request:hour', 'hour'), 'features.0.reference: is no `view:feature`'],
    ['a column twice', GOOD.replace('column: delay', 'column: hour'), "features.1.column: 'hour' is there before"],
    ['the target as a feature', GOOD.replace('column: delay', 'column: late'), "features: 'late' is the target"],
    [
      'settings of another driver',
      GOOD.replace('driver: linear', 'driver: linear, command: { command: x }'),
      'trainer.command: ',
    ],
    [
      'settings a driver does not have',
      GOOD.replace('driver: linear', 'driver: linear, linear: { depth: 3 }'),
      'trainer.linear: ',
    ],
    [
      'a command trainer without its command',
      GOOD.replace('driver: linear', 'driver: command'),
      'trainer.command.command: ',
    ],
    ['no YAML', 'model: [', '--config: '],
  ])('is refused with its key: %s', (_, source, message) => {
    expect(() => read(source)).toThrow(message);
  });

  it('names all problems together', () => {
    const broken = GOOD.replace('target: late\n', '').replace('model: flight-delay', 'model: 7');
    expect(() => read(broken)).toThrow(/(model: .*target: |target: .*model: )/);
  });

  it('spells settings of a driver as configuration files do', () => {
    const settings = 'driver: command, command: { command: /bin/true, lock-command: [/bin/true], timeout-seconds: 0 }';
    expect(() => read(GOOD.replace('driver: linear', settings))).toThrow('trainer.command.timeoutSeconds: ');
  });

  it('that does not exist is refused by its name', () => {
    expect(() => readTrainFile(join(folder.path, 'absent.yaml'), {})).toThrow('absent.yaml');
  });
});
