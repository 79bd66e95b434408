import { describe, expect, it, onTestFinished } from 'vitest';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { Launcher } from '@slipway/plugin-kit';
import { launcherSuite } from '@slipway/plugin-kit/testing';
import { launcherProcessPlugin } from './plugin.ts';

const unaborted = new AbortController().signal;
const create = (raw: Readonly<Record<string, unknown>> = {}): Launcher =>
  launcherProcessPlugin.create(
    launcherProcessPlugin.parseConfig({ workers: '2', heartbeatMs: '50', graceMs: '300', ...raw }),
    {
      clock: systemClock,
      ids: createIdSource(systemClock, seededRandom(1)),
      log: silentLogger,
      dataDirectory: '.',
    },
  );

launcherSuite('process', create);

const SUITE_WORKER = new URL('../../../plugin-kit/src/testing/launcher-suite-worker.ts', import.meta.url);

describe('workers as processes', () => {
  const pidOf = (launcher: Launcher, id: string): Promise<unknown> =>
    launcher.run({ id, task: { do: 'who' } }, () => undefined, unaborted);

  it('keeps a process for the next attempt, and ends it when there is none', async () => {
    const launcher = create({ idleMs: '300' });
    onTestFinished(() => launcher.close());
    await launcher.open({ module: SUITE_WORKER }, unaborted);
    const first = await pidOf(launcher, 'a');
    expect(await pidOf(launcher, 'b')).toBe(first);
    await systemClock.sleep(900);
    expect(() => process.kill(Number(first), 0)).toThrow('ESRCH');
    expect(await pidOf(launcher, 'c')).not.toBe(first);
  }, 20_000);

  it('fails an attempt whose program does not start, without trying for ever', async () => {
    const launcher = create();
    onTestFinished(() => launcher.close());
    await launcher.open({ module: new URL('./no-such-worker.ts', import.meta.url) }, unaborted);
    await expect(pidOf(launcher, 'a')).rejects.toMatchObject({ kind: 'unavailable', reason: 'WORKER_NOT_STARTED' });
  }, 20_000);

  it('lists every problem of its settings', () => {
    expect(() => launcherProcessPlugin.parseConfig({ workers: '0', graceMs: '-1', speed: 'high' })).toThrow(
      /workers.*graceMs.*speed/s,
    );
  });
});
