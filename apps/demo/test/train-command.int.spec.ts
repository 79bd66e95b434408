import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL, prepareSlipway, type PreparedSlipway } from './prepared-slipway.ts';

const ROWS = 5_000;
const command = (script: string) => ({
  trainer: { driver: 'command', command: { command: process.execPath, arguments: ['-e', script], 'grace-seconds': 1 } },
  options: {},
});

let prepared: PreparedSlipway;
beforeAll(async () => {
  prepared = await prepareSlipway(ROWS);
}, 180_000);
afterAll(async () => {
  await prepared?.stop();
});

const runOf = async (text: string) => {
  const id = /^run ([0-9a-f]{32})$/m.exec(text)?.[1] ?? '';
  const { run } = await prepared.alice.tracking.getRun({ run_id: id });
  return run;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('slipway train', () => {
  it('makes the model and its first version with the built-in trainer', { timeout: 120_000 }, async () => {
    const trainer = { driver: 'linear' };
    const options = { ridge: 1, missing: 'mean' };
    const { trained, notes } = await prepared.train(prepared.trainFile('built in', { trainer, options }));
    expect(trained).toMatchObject({ model: MODEL, version: '1' });
    expect(trained.metrics['auc']).toBeGreaterThan(0.55);
    expect(notes).toContain(`model ${MODEL} is new`);
    expect(await runOf(notes)).toMatchObject({ run_id: trained.run_id, status: 'RUN_STATUS_FINISHED' });
    const { version } = await prepared.alice.registry.getModelVersion({ model: MODEL, version: '1' });
    expect(version?.run_id).toBe(trained.run_id);
    expect(version?.features).toContain('origin_delays:delay_mean_3h');
    const { evaluations } = await prepared.alice.registry.listEvaluations({ model: MODEL, version: '1' });
    expect(evaluations.map(({ metrics }) => metrics)).toEqual([trained.metrics]);
  });

  it('marks the run of a program that fails FAILED, and says why', { timeout: 120_000 }, async () => {
    const file = prepared.trainFile('broken', command("console.log('no such thing'); process.exit(3)"));
    const failure = await prepared.train(file).then(
      () => new Error('it ended well'),
      (error: Error & { stderr: string; code: number }) => error,
    );
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('no such thing') });
    const run = await runOf('stderr' in failure ? failure.stderr : '');
    expect(run?.status).toBe('RUN_STATUS_FAILED');
    expect(run?.tags['slipway.error']).toContain('no such thing');
  });

  it('ends the program on Ctrl-C and marks the run KILLED', { timeout: 120_000 }, async () => {
    const hang = "process.on('SIGTERM', () => {}); console.log(`pid ${process.pid}`); setInterval(() => {}, 1000)";
    const child = prepared.startTraining(prepared.trainFile('endless', command(hang)));
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (/^pid \d+$/m.test(said) && !child.killed) child.kill('SIGINT');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    const pid = Number(/^pid (\d+)$/m.exec(said)?.[1]);
    expect(pid).toBeGreaterThan(0);
    expect(isAlive(pid)).toBe(false);
    const run = await runOf(said);
    expect(run?.status).toBe('RUN_STATUS_KILLED');
    expect(run?.tags['slipway.error']).toContain('SIGINT');
    const { versions } = await prepared.alice.registry.listModelVersions({ model: MODEL });
    expect(versions.map(({ description }) => description)).not.toContain('endless');
  });
});
