import { seededRandom, silentLogger, UnavailableError } from '@slipway/kernel';
import { expect, it } from 'vitest';
import { ManualClock, quiesce } from '../testing/manual-clock.ts';
import { MemorySlotStore } from '../testing/memory-slot-store.ts';
import { ScriptedLoader } from '../testing/scripted-loader.ts';
import { Reconciler } from './reconciler.ts';
import { ServedModels } from './served-models.ts';

it('asks at once, sooner again while it was never answered, then at its interval, and no more once drained', async () => {
  const clock = new ManualClock();
  const random = { bytes: () => Uint8Array.of(128) }; // no jitter to speak of
  const models = new ServedModels({
    loader: new ScriptedLoader(),
    store: new MemorySlotStore(),
    clock,
    random: seededRandom(1),
    log: silentLogger,
    scope: { aliases: ['*'], workspaces: ['*'] },
    retry: { attemptsMax: 1, firstDelayMs: 1, delayMsMax: 1 },
    drainMs: 1,
    loadsMax: 1,
    loadTimeoutMs: 1_000,
  });
  let away = true;
  let asked = 0;
  const source = {
    async *list() {
      asked += 1;
      if (away) throw new UnavailableError('away');
      yield [];
    },
  };
  const options = { models, source, clock, random, log: silentLogger, intervalMs: 30_000, firstRetryMs: 250 };
  const reconciler = new Reconciler(options);
  await reconciler.start();
  await quiesce();
  expect([asked, reconciler.rounds, reconciler.goodRounds]).toEqual([1, 1, 0]);
  await clock.advance(251);
  await clock.advance(502);
  expect(asked).toBe(3);
  away = false;
  await clock.advance(1_004);
  expect([asked, reconciler.goodRounds]).toEqual([4, 1]);
  await clock.advance(29_000);
  expect(asked).toBe(4);
  await clock.advance(1_100);
  expect(asked).toBe(5);
  await reconciler.drain();
  await clock.advance(100_000);
  expect([asked, clock.sleeping]).toEqual([5, 0]);
  await models.close();
});
