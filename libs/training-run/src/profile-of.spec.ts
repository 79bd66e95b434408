import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { TrainedModel, TrainingTable } from '@slipway/plugin-kit';
import { parseProfile } from '@slipway/reference-profile';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileOf } from './profile-of.ts';
import { scoreTable } from './score-table.ts';
import type { TrainingPlan } from './training-plan.ts';
import { setOf } from './testing/training-set.ts';

const random = seededRandom(11);
const ROWS = 20_000;
const delay = Float64Array.from({ length: ROWS }, () => random.next() * 60);
const origin = Uint32Array.from({ length: ROWS }, () => Math.floor(random.next() * 3));
const late = delay.map((value, row) => (random.next() * 60 < value + (origin[row] ?? 0) * 10 ? 1 : 0));
const table: TrainingTable = {
  id: 'a'.repeat(64),
  rows: ROWS,
  columns: [
    { name: 'at', kind: 'numeric', values: Float64Array.from({ length: ROWS }, (_, row) => row * 86_400_000) },
    { name: 'delay', kind: 'numeric', values: delay },
    { name: 'origin', kind: 'categorical', categories: ['ABE', 'JFK', 'ORD'], codes: origin },
    { name: 'late', kind: 'numeric', values: late },
  ],
};
const plan: Parameters<typeof profileOf>[0] = {
  task: 'binary-classification',
  training: { set: setOf(table.id), table },
  target: 'late',
  timeColumn: 'at',
  features: [
    { column: 'origin', reference: 'request:origin' },
    { column: 'delay', reference: 'origin-delays:delay' },
  ],
};
const { signal } = new AbortController();
const dependencies = {
  clock: systemClock,
  ids: createIdSource(systemClock, seededRandom(1)),
  log: silentLogger,
  dataDirectory: '.',
};
const linear = trainerLinearPlugin.create({}, dependencies);
const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
let trained: TrainedModel;
beforeAll(async () => {
  await Promise.all([linear.open(signal), runtime.open(signal)]);
  const features = plan.features.map(({ column }) => column);
  trained = await linear.train({ table, target: 'late', task: plan.task, features, options: {}, seed: 1, onProgress: () => undefined }, signal); // prettier-ignore
});
afterAll(async () => {
  await Promise.all([linear.close(), runtime.close()]);
});
const textOf = async (changes: Partial<TrainingPlan> = {}): Promise<string> =>
  (await profileOf({ ...plan, ...changes }, trained, runtime, signal)) ?? '';
const mean = (values: Iterable<number>): number => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

describe('profileOf', () => {
  it('has the scores, labels and features of the whole set under the names that predictions have', async () => {
    const profile = parseProfile(await textOf());
    expect(profile).toMatchObject({ rows: ROWS, output: trained.signature.outputs[0]?.name, from: 0n });
    expect(profile.days.map(({ day, rows }) => [day, rows])).toEqual(
      Array.from({ length: 20 }, (_, day) => [`1970-01-${`${day + 1}`.padStart(2, '0')}`, 1000]),
    );
    expect(profile.features.map(({ name, kind }) => [name, kind])).toEqual([
      ['request:origin', 'text'],
      ['origin-delays:delay', 'number'],
    ]);
    expect(profile.features[0]?.counts.slice(0, 3)).toEqual([0, 1, 2].map((code) => origin.filter((each) => each === code).length)); // prettier-ignore
    expect(profile.positiveShare).toBeCloseTo(mean(late), 12);
    const scores = await scoreTable(runtime, trained, table, ['origin', 'delay'], signal);
    expect(profile.days.reduce((sum, { scoreSum }) => sum + scoreSum, 0) / ROWS).toBeCloseTo(mean(scores), 9);
    expect(mean(scores)).toBeCloseTo(mean(late), 3); // a logistic regression with an intercept is calibrated in-sample
    const loss = profile.days.reduce((sum, { logLossSum }) => sum + logLossSum, 0) / ROWS;
    expect(loss).toBeCloseTo(trained.metrics['log_loss'] ?? 0, 5);
  });

  it('is the same text each time, also of evenly spaced rows', async () => {
    expect(await textOf()).toBe(await textOf());
    const sampled = await textOf({ profileRows: 7_000 }); // every third
    expect(await textOf({ profileRows: 6_667 })).toBe(sampled);
    const profile = parseProfile(sampled);
    expect(profile.rows).toBe(6_667);
    const scores = await scoreTable(runtime, trained, table, ['origin', 'delay'], signal);
    const thinned = await scoreTable(runtime, trained, table, ['origin', 'delay'], signal, 3);
    expect(thinned).toHaveLength(6_667);
    expect(Array.from(thinned)).toEqual(Array.from(scores).filter((_, row) => row % 3 === 0).map((score) => expect.closeTo(score, 6))); // prettier-ignore
    expect(profile.positiveShare).toBeCloseTo(mean(late.filter((_, row) => row % 3 === 0)), 12);
  });

  it('is absent without times and for regressions, and refuses times that are none', async () => {
    expect(await textOf({ timeColumn: undefined })).toBe('');
    expect(await textOf({ task: 'regression' })).toBe('');
    await expect(textOf({ timeColumn: 'origin' })).rejects.toThrow("timeColumn: 'origin' is no column of times");
    await expect(textOf({ timeColumn: 'delay' })).rejects.toThrow('times: is');
    await expect(textOf({ profileRows: 0 })).rejects.toThrow('profileRows: is 0');
  });

  it('stops for a caller that has left', async () => {
    const left = AbortSignal.abort(new Error('the caller left'));
    await expect(profileOf(plan, trained, runtime, left)).rejects.toThrow('the caller left');
  });
});
