import { DataLossError, seededRandom, silentLogger, UnavailableError } from '@slipway/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, quiesce } from '../testing/manual-clock.ts';
import { MemorySlotStore } from '../testing/memory-slot-store.ts';
import { ScriptedLoader } from '../testing/scripted-loader.ts';
import { ServedModels, type ServedModelsOptions } from './served-models.ts';
import type { Target } from './slot.ts';

const NEVER = new AbortController().signal;
const KEY = { workspace: 'default', model: 'flights', alias: 'champion' };
const target = (revision: number, version: number): Target => ({
  version: BigInt(version),
  digest: version === 0 ? '' : `d${version}`,
  revision: BigInt(revision),
});

function make(options: Partial<ServedModelsOptions> = {}) {
  const clock = new ManualClock();
  const loader = new ScriptedLoader();
  const store = new MemorySlotStore();
  const models = new ServedModels({
    loader,
    store,
    clock,
    random: seededRandom(7),
    log: silentLogger,
    scope: { aliases: ['*'], workspaces: ['*'] },
    retry: { attemptsMax: 3, firstDelayMs: 100, delayMsMax: 1_000 },
    drainMs: 5_000,
    loadsMax: 2,
    loadTimeoutMs: 60_000,
    ...options,
  });
  made.push(models);
  const ready = async (revision: number, version: number, key = KEY): Promise<void> => {
    await models.apply(key, target(revision, version));
    await quiesce();
    loader.pending[0]?.succeed();
    await quiesce();
  };
  return { clock, loader, store, models, ready };
}
const made: ServedModels[] = [];
afterEach(async () => {
  for (const models of made.splice(0)) await models.close();
});

describe('served models', () => {
  it('swaps to the newer version, lets the running call end on the old one, and then closes that', async () => {
    const { models, loader, ready } = make();
    await ready(1, 1);
    const hold = Promise.withResolvers<void>();
    const old = models.find(KEY)?.current;
    const call = old?.use(async (scorer) => {
      await hold.promise;
      return scorer.score([], undefined, NEVER);
    });
    await ready(2, 2);
    expect(models.find(KEY)?.current?.ref.version).toBe(2n);
    expect(loader.scorers[0]?.closed).toBe(false);
    hold.resolve();
    expect((await call)?.[0]?.data).toEqual(BigInt64Array.of(1n));
    await quiesce();
    expect(loader.scorers[0]?.closed).toBe(true);
    await expect(old?.use(async () => 'late')).rejects.toThrow('was unloaded');
  });

  it('closes an old version after the drain time although a call never ends', async () => {
    const { models, loader, clock, ready } = make({ drainMs: 5_000 });
    await ready(1, 1);
    const hold = Promise.withResolvers<void>();
    const call = models.find(KEY)?.current?.use(() => hold.promise);
    await ready(2, 2);
    await clock.advance(4_999);
    expect(loader.scorers[0]?.closed).toBe(false);
    await clock.advance(1);
    expect(loader.scorers[0]?.closed).toBe(true);
    hold.resolve();
    await call;
  });

  it('ignores revisions that are not newer', async () => {
    const { models, loader, ready } = make();
    await ready(5, 2);
    await models.apply(KEY, target(5, 9));
    await models.apply(KEY, target(4, 1));
    await quiesce();
    expect(loader.started).toBe(1);
    expect(models.find(KEY)?.slot.desired).toEqual(target(5, 2));
  });

  it('aborts a load that a newer move supersedes, and never serves it', async () => {
    const { models, loader } = make();
    await models.apply(KEY, target(1, 1));
    await quiesce();
    const first = loader.pending[0];
    await models.apply(KEY, target(2, 2));
    await quiesce();
    expect(first?.signal.aborted).toBe(true);
    first?.succeed();
    await quiesce();
    expect(models.find(KEY)?.current).toBeUndefined();
    expect(loader.scorers[0]?.closed).toBe(true);
    loader.pending[0]?.succeed();
    await quiesce();
    expect(models.find(KEY)?.current?.ref.version).toBe(2n);
  });

  it('keeps the old version when the new one fails for good, and records why once', async () => {
    const { models, loader, store, clock, ready } = make();
    await ready(1, 1);
    await models.apply(KEY, target(2, 2));
    await quiesce();
    loader.pending[0]?.fail(new DataLossError('not the bytes that were signed', { reason: 'DIGEST_MISMATCH' }));
    await quiesce();
    await clock.advance(600_000);
    models.retryUnavailable();
    await quiesce();
    expect(loader.started).toBe(2);
    expect(models.find(KEY)?.current?.ref.version).toBe(1n);
    expect(store.facts.slice(1)).toEqual([
      { kind: 'failed', key: KEY, desired: target(2, 2), reason: 'DIGEST_MISMATCH', serving: 1n },
    ]);
  });

  it('retries what is away, at most attemptsMax times in a round, and again when the next round opens', async () => {
    const { models, loader, store, clock, ready } = make();
    await ready(1, 1);
    await models.apply(KEY, target(2, 2));
    for (let attempt = 1; attempt <= 3; attempt++) {
      await quiesce();
      expect(loader.started).toBe(1 + attempt);
      loader.pending[0]?.fail(new UnavailableError('the registry does not answer'));
      await quiesce();
      await clock.advance(1_000);
    }
    await clock.advance(600_000);
    expect(loader.started).toBe(4);
    expect(store.facts.filter(({ kind }) => kind === 'failed')).toHaveLength(1);
    models.retryUnavailable();
    await quiesce();
    loader.pending[0]?.succeed();
    await quiesce();
    expect(models.find(KEY)?.current?.ref.version).toBe(2n);
  });

  it('gives up a load that takes too long, and closes what it yields late', async () => {
    const { models, loader, store, clock } = make({ loadTimeoutMs: 1_000 });
    await models.apply(KEY, target(1, 1));
    await quiesce();
    const slow = loader.pending[0];
    await clock.advance(1_000);
    expect(store.facts[0]).toMatchObject({ kind: 'failed', reason: 'LOAD_TIMEOUT', serving: 0n });
    slow?.succeed();
    await quiesce();
    expect(loader.scorers[0]?.closed).toBe(true);
  });

  it('shares one scorer between two aliases and closes it with the last', async () => {
    const { models, loader } = make();
    const other = { ...KEY, alias: 'challenger' };
    await models.apply(KEY, target(1, 1));
    await models.apply(other, target(1, 1));
    await quiesce();
    expect(loader.started).toBe(1);
    loader.pending[0]?.succeed();
    await quiesce();
    expect(models.find(other)?.current).toBe(models.find(KEY)?.current);
    await models.apply(KEY, target(2, 0));
    await quiesce();
    expect(loader.scorers[0]?.closed).toBe(false);
    await models.apply(other, target(2, 0));
    await quiesce();
    expect(loader.scorers[0]?.closed).toBe(true);
    expect(models.find(KEY)).toMatchObject({ state: 'absent', current: undefined });
  });

  it('runs at most loadsMax loads at once', async () => {
    const { models, loader } = make({ loadsMax: 2 });
    for (let each = 1; each <= 4; each++) await models.apply({ ...KEY, model: `m${each}` }, target(1, each));
    await quiesce();
    expect(loader.pending).toHaveLength(2);
    loader.pending[0]?.succeed();
    await quiesce();
    expect(loader.pending).toHaveLength(2);
    expect(loader.started).toBe(3);
    while (loader.pending.length > 0) {
      loader.pending[0]?.succeed();
      await quiesce();
    }
    expect(models.allTried).toBe(true);
  });

  it('takes no move for known that it could not write down', async () => {
    const { models, store, loader, ready } = make();
    await ready(1, 1);
    store.broken = new Error('disk full');
    await expect(models.apply(KEY, target(2, 2))).rejects.toThrow('disk full');
    await quiesce();
    expect(models.find(KEY)?.slot.desired.revision).toBe(1n);
    expect(loader.pending).toEqual([]);
    store.broken = undefined;
    await ready(2, 2);
    expect(models.find(KEY)?.current?.ref.version).toBe(2n);
  });

  it('writes facts down in order once the database is back, while the versions already answer', async () => {
    const { models, store, clock, ready } = make();
    await ready(1, 1);
    await models.apply(KEY, target(2, 2));
    store.broken = new Error('disk full');
    await quiesce();
    await ready(2, 2);
    expect(models.find(KEY)?.current?.ref.version).toBe(2n);
    expect(store.facts).toHaveLength(1);
    store.broken = undefined;
    await clock.advance(10_000);
    expect(store.facts.map((fact) => fact.kind === 'loaded' && [fact.actual.version, fact.previous])).toEqual([
      [1n, 0n],
      [2n, 1n],
    ]);
  });

  it('restores slots, forgets those out of scope, and is tried only when each load has ended', async () => {
    const first = make();
    await first.ready(1, 1);
    await first.models.apply({ ...KEY, alias: 'shadow' }, target(1, 2));
    const loader = new ScriptedLoader();
    const again = make({ store: first.store, loader, scope: { aliases: ['champion'], workspaces: ['*'] } });
    expect(await again.models.restore(new AbortController().signal)).toBe(1);
    expect(again.models.allTried).toBe(false);
    await quiesce();
    loader.pending[0]?.succeed();
    await quiesce();
    expect(again.models.allTried).toBe(true);
    expect(again.models.find(KEY)?.current?.ref.version).toBe(1n);
    expect(await first.store.list()).toHaveLength(1);
    expect(first.store.facts).toHaveLength(1); // it was known to answer with it: no new fact
  });
});
