import { silentLogger } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { ManualClock, quiesce } from '../testing/manual-clock.ts';
import type { LoggedCall } from './logged-call.ts';
import type { LoadedScorer } from './ports.ts';
import type { Prediction } from './predictor.ts';
import { ServedVersion } from './served-version.ts';
import { ShadowScorer, type ShadowedCall, type ShadowScorerOptions } from './shadow-scorer.ts';
import { newSlot } from './slot.ts';
import { StageClock } from './stages.ts';

const stages = new StageClock(new ManualClock(), 'queue').end();
const shadowedCall = (id: string, rows: number, shadows = ['next']): ShadowedCall => {
  const call: LoggedCall = {
    workspace: 'default',
    model: 'm',
    alias: 'champion',
    version: 1n,
    digest: 'd1',
    time: 1n,
    objective: '',
    requestId: 'r',
    stages,
    predictionIds: Array.from({ length: rows }, (_, row) => `${id}-${row}`),
    outputs: [{ name: 'y', values: new Float64Array(rows) }],
    numberFeatures: [],
    textFeatures: [],
    views: [],
    units: [],
    unitOfRow: [],
    shadows: [],
  };
  const none = new Map();
  const request = { workspace: 'default', model: 'm', entities: none, requestFeatures: none, asOf: undefined, outputs: [] }; // prettier-ignore
  const answered = { rows, outputs: [], features: [], views: [] };
  return { call, request, answered, shadows: shadows.map((alias) => ({ model: 'm', alias })), traceparent: undefined };
};

const scorer: LoadedScorer = {
  signature: { inputs: [], outputs: [] },
  features: [],
  score: () => Promise.reject(new Error('the predictor is in between')),
  close: () => Promise.resolve(),
};
const ones = (rows: number): Prediction => ({
  rows,
  outputs: [{ name: 'y', datatype: 'FP64', shape: [rows], data: new Float64Array(rows).fill(1) }],
  features: [],
  views: [],
});

function make(options: Partial<ShadowScorerOptions> = {}) {
  const clock = new ManualClock();
  const done: LoggedCall[] = [];
  const counts = { scored: 0, dropped: 0, failed: [] as string[] };
  const gate = { open: Promise.resolve() };
  let atOnce = 0;
  let atOnceMax = 0;
  const shadows = new ShadowScorer({
    models: {
      find: (key) => ({
        slot: newSlot(key, { version: 2n, digest: 'd2', revision: 1n }),
        state: 'ready',
        current: new ServedVersion({ workspace: 'default', model: 'm', version: 2n, digest: 'd2' }, scorer),
      }),
    },
    predictor: {
      rescore: async (_, __, { rows }, { signal }) => {
        atOnceMax = Math.max(atOnceMax, ++atOnce);
        const aborted = new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
        await Promise.race([gate.open, aborted]).finally(() => (atOnce -= 1));
        return ones(rows);
      },
    },
    rowsMax: 100,
    drainMs: 5_000,
    clock,
    log: silentLogger,
    metrics: {
      scored: (_, rows) => void (counts.scored += rows),
      failed: (_, reason) => void counts.failed.push(reason),
      dropped: (rows) => void (counts.dropped += rows),
    },
    done: (call) => void done.push(call),
    ...options,
  });
  return { shadows, clock, done, counts, gate, atOnceMax: () => atOnceMax };
}

const shadowCounts = (calls: readonly LoggedCall[]): number[] => calls.map(({ shadows }) => shadows.length);
const never = new AbortController().signal;

describe('ShadowScorer', () => {
  it('scores nothing in the turn in which the call is answered', async () => {
    const { shadows, done, counts } = make();
    shadows.add(shadowedCall('a', 3));
    await Promise.resolve();
    expect([done.length, counts.scored, shadows.rows]).toEqual([0, 0, 3]);
    await quiesce();
    expect(shadowCounts(done)).toEqual([1]);
    expect(done[0]?.shadows[0]).toMatchObject({ alias: 'next', version: 2n, outputs: [{ name: 'y', values: Float64Array.of(1, 1, 1) }] }); // prettier-ignore
    expect([counts.scored, shadows.rows]).toEqual([3, 0]);
  });

  it('takes as many rows as it has room for, a call at a time; the other calls go on without, counted', async () => {
    const { shadows, done, counts, gate, atOnceMax } = make();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = promise;
    for (let call = 0; call < 5; call += 1) shadows.add(shadowedCall(`${call}`, 30, ['next', 'other']));
    expect(done.map(({ predictionIds: [id] }) => id)).toEqual(['3-0', '4-0']);
    expect(counts.dropped).toBe(2 * 2 * 30);
    await quiesce();
    expect(atOnceMax()).toBe(2);
    resolve();
    while (done.length < 5) await quiesce();
    expect(shadowCounts(done)).toEqual([0, 0, 2, 2, 2]);
    expect(counts.scored).toBe(3 * 2 * 30);
    expect(atOnceMax()).toBe(2);
    shadows.add(shadowedCall('later', 100));
    while (done.length < 6) await quiesce();
    expect(shadowCounts(done).at(-1)).toBe(1);
  });

  it('ends what waits when it drains', async () => {
    const { shadows, done, counts } = make();
    for (let call = 0; call < 4; call += 1) shadows.add(shadowedCall(`${call}`, 10));
    await shadows.drain(never);
    expect(shadowCounts(done)).toEqual([1, 1, 1, 1]);
    expect(counts).toMatchObject({ dropped: 0, failed: [] });
    shadows.add(shadowedCall('late', 10));
    expect(shadowCounts(done)).toEqual([1, 1, 1, 1, 0]);
    expect(counts.dropped).toBe(10);
  });

  it.each(['the budget ends', 'it takes too long'])('counts what is left as lost when %s, and hands every call on', async (why) => {
    const { shadows, done, counts, gate, clock } = make();
    gate.open = new Promise(() => undefined);
    for (let call = 0; call < 4; call += 1) shadows.add(shadowedCall(`${call}`, 10));
    await quiesce();
    const budget = new AbortController();
    const draining = shadows.drain(budget.signal);
    await quiesce();
    expect(done).toEqual([]);
    if (why === 'the budget ends') budget.abort();
    else await clock.advance(5_000);
    await draining;
    expect(shadowCounts(done)).toEqual([0, 0, 0, 0]);
    expect(counts).toEqual({ scored: 0, dropped: 40, failed: [] });
    expect(clock.sleeping).toBe(0);
  }); // prettier-ignore
});
