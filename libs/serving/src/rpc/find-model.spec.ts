import { expect, it } from 'vitest';
import { newSlot, type Target } from '../domain/slot.ts';
import { ServedVersion } from '../domain/served-version.ts';
import type { LoadedScorer } from '../domain/ports.ts';
import type { ServedModels, ServedSlot } from '../domain/served-models.ts';
import { findVersion } from './find-model.ts';

const key = { workspace: 'default', model: 'flights', alias: 'champion' };
const target: Target = { version: 5n, digest: 'd'.repeat(64), revision: 1n };
const scorer: LoadedScorer = {
  signature: { inputs: [], outputs: [] },
  features: [],
  score: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};
const current = new ServedVersion({ ...key, version: target.version, digest: target.digest }, scorer);
const found: ServedSlot = { slot: newSlot(key, target), state: 'ready', current };
const models = { find: () => found } as Pick<ServedModels, 'find'> as ServedModels;

it.each(['', '5'])('answers a call for version %j with the version that is loaded', (version) => {
  expect(findVersion(models, key, 'flights', version, 'model_version')).toBe(current);
});

it.each(['4', '6'])('does not answer a call for version %s with version 5', (version) => {
  expect(() => findVersion(models, key, 'flights', version, 'model_version')).toThrow(/is not found; loaded is 5/);
});
