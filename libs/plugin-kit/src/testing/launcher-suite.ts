import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonValue } from '@slipway/kernel';
import type { Launcher } from '../launcher.ts';
import type { SuiteTask } from './launcher-suite-worker.ts';

const PROGRAM = { module: new URL('./launcher-suite-worker.ts', import.meta.url) };
const TEST_MS = 20_000;
const unaborted = (): AbortSignal => new AbortController().signal;

/** @param create a launcher that is not open yet: two attempts at once, heartbeats at least every 100 ms, 300 ms of grace. */
export function launcherSuite(name: string, create: () => Launcher): void {
  let attempts = 0;
  const opened = async (): Promise<Launcher> => {
    const launcher = create();
    onTestFinished(() => launcher.close());
    await launcher.open(PROGRAM, unaborted());
    return launcher;
  };
  const run = (launcher: Launcher, task: SuiteTask, signal = unaborted(), beats: string[] = []): Promise<JsonValue> =>
    launcher.run({ id: `attempt-${(attempts += 1)}`, task }, (worker) => beats.push(worker), signal);

  describe(`launcher contract: ${name}`, { timeout: TEST_MS }, () => {
    it('answers what the worker answered', async () => {
      const launcher = await opened();
      const value = { text: 'é', list: [1, null, true], number: 0.1 };
      expect(await run(launcher, { do: 'echo', value })).toEqual(value);
    });

    it('runs as many attempts at once as it says, and refuses more', async () => {
      const launcher = await opened();
      expect(launcher.capabilities.attemptsMax).toBe(2);
      const both = [run(launcher, { do: 'sleep', ms: 300 }), run(launcher, { do: 'sleep', ms: 300 })];
      await expect(run(launcher, { do: 'who' })).rejects.toMatchObject({ kind: 'exhausted', reason: 'ATTEMPTS_MAX' });
      expect(await Promise.all(both)).toEqual(['slept', 'slept']);
      expect(await run(launcher, { do: 'echo', value: 1 })).toBe(1);
    });

    it('tells the worker and that it is alive while it works', async () => {
      const launcher = await opened();
      const beats: string[] = [];
      await run(launcher, { do: 'sleep', ms: 400 }, unaborted(), beats);
      expect(beats.length).toBeGreaterThanOrEqual(3);
      expect(new Set(beats).size).toBe(1);
      expect(beats[0]).not.toBe('');
    });

    it('is silent about a worker that hangs', async () => {
      const launcher = await opened();
      await run(launcher, { do: 'who' });
      const beats: string[] = [];
      await run(launcher, { do: 'block', ms: 500 }, unaborted(), beats);
      expect(beats.length).toBeLessThanOrEqual(2);
    });

    it('passes on what the worker refuses, with its reason and facts', async () => {
      const launcher = await opened();
      await expect(run(launcher, { do: 'refuse' })).rejects.toMatchObject({
        kind: 'failed-precondition',
        reason: 'INPUT_REPLACED',
        message: 'the file is another one',
        facts: { file: 'a.parquet' },
      });
    });

    it('keeps the words of a bug to itself', async () => {
      const launcher = await opened();
      const error = await run(launcher, { do: 'fail' }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ kind: 'unavailable', reason: 'ATTEMPT_FAILED' });
      expect(String(error)).not.toContain('secret');
    });

    it('notices at once that a worker died, and has another one for the next attempt', async () => {
      const launcher = await opened();
      const other = run(launcher, { do: 'sleep', ms: 200 });
      await expect(run(launcher, { do: 'die' })).rejects.toMatchObject({ kind: 'unavailable', reason: 'ATTEMPT_LOST' });
      expect(await other).toBe('slept');
      expect(await run(launcher, { do: 'echo', value: 2 })).toBe(2);
    });

    it('ends an attempt that is given up, and frees its place at once', async () => {
      const launcher = await opened();
      const reason = new Error('given up');
      const [asked, hanging] = [new AbortController(), new AbortController()];
      const gentle = run(launcher, { do: 'sleep', ms: 60_000 }, asked.signal);
      const hard = run(launcher, { do: 'block', ms: 60_000 }, hanging.signal);
      const ends = Promise.allSettled([gentle, hard]);
      await run(launcher, { do: 'who' }).catch(() => undefined);
      asked.abort(reason);
      hanging.abort(reason);
      expect(await run(launcher, { do: 'echo', value: 3 })).toBe(3);
      expect(await ends).toEqual([
        { status: 'rejected', reason },
        { status: 'rejected', reason },
      ]);
    });

    it('hands on a result that comes after the attempt was given up', async () => {
      const launcher = await opened();
      await run(launcher, { do: 'who' });
      const given = new AbortController();
      const late = run(launcher, { do: 'answer-late', ms: 200 }, given.signal);
      setTimeout(() => given.abort(), 50);
      expect(await late).toBe('late');
    });

    it('refuses attempts before it is open and after it is closed, and loses those that run', async () => {
      const launcher = create();
      const closed = { kind: 'failed-precondition' };
      await expect(run(launcher, { do: 'who' })).rejects.toMatchObject(closed);
      await launcher.open(PROGRAM, unaborted());
      const running = run(launcher, { do: 'sleep', ms: 60_000 });
      const lost = expect(running).rejects.toMatchObject({ kind: 'unavailable', reason: 'ATTEMPT_LOST' });
      await launcher.close();
      await lost;
      await launcher.close();
      await expect(run(launcher, { do: 'who' })).rejects.toMatchObject(closed);
    });
  });
}
