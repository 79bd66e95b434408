import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { modelRuntimeSuite } from '@slipway/plugin-kit/testing';
import { modelRuntimeOnnxPlugin } from './plugin.ts';

const dependencies = {
  clock: systemClock,
  ids: createIdSource(systemClock, seededRandom(1)),
  log: silentLogger,
  dataDirectory: '.',
};
const make = (raw: Readonly<Record<string, unknown>>) =>
  modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig(raw), dependencies);

modelRuntimeSuite('onnx', () => make({}));
modelRuntimeSuite('onnx, without trials, two threads', () => make({ trial: 'false', threads: '2' }));
