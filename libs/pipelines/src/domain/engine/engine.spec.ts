import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PipelineRun__Output } from '@slipway/contracts/slipway.batch.v1';
import { ManualClock, settle, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import {
  createTestProcess,
  isFinalRun,
  openPipelineStore,
  stepStates,
  type TestProcess,
  type TestStore,
} from '../../testing/pipeline-installation.ts';
import { taskPipeline, TaskWorld } from '../../testing/task-kind.ts';

describe('the pipeline engine', () => {
  let databases: TestDatabases;
  let store: TestStore;
  let clock: ManualClock;
  let world: TaskWorld;
  let running: TestProcess[];
  beforeEach(async () => {
    databases = await sqliteDatabases();
    clock = new ManualClock();
    store = await openPipelineStore(databases, clock);
    world = new TaskWorld();
    running = [];
  });
  afterEach(async () => {
    const stopped = Promise.all(running.map((process) => process.stop()));
    for (let round = 0; round < 20; round += 1) await clock.advance(60_000);
    await stopped;
    await store.database.close();
    await databases.stop();
  });

  const start = async (): Promise<TestProcess> => {
    const process = createTestProcess({ store, clock, kinds: world.kinds });
    running.push(process);
    await process.start();
    return process;
  };
  const ended = async ({ pipelines }: TestProcess, id = ''): Promise<PipelineRun__Output> => {
    for (let round = 0; round < 500; round += 1) {
      const { run } = await pipelines.getPipelineRun({ id });
      if (run && isFinalRun(run)) return run;
      await clock.advance(500);
    }
    throw new Error('the run did not end');
  };
  const begin = async ({ pipelines }: TestProcess, content: string, pipeline = 'p') => {
    await pipelines.applyPipeline({ content });
    return (await pipelines.startPipelineRun({ pipeline })).run?.id ?? '';
  };

  it('runs steps after those they need and keeps what they return', async () => {
    const process = await start();
    const steps = [{ name: 'c', needs: ['a', 'b'] }, { name: 'a' }, { name: 'b', needs: ['a'] }];
    const run = await ended(process, await begin(process, taskPipeline('p', steps)));
    expect(run.state).toBe('PIPELINE_RUN_STATE_SUCCEEDED');
    expect(world.calls).toEqual(['a', 'b', 'c']);
    expect(run.steps[0]).toMatchObject({ name: 'a', result_json: '{"value":"a-value"}', message: 'done', attempts: 1 });
  });

  it('fills in parameters and results of earlier steps with their types', async () => {
    const content = `apiVersion: slipway.pipeline/v1
kind: Pipeline
name: p
parameters:
  - { name: until, type: date, default: 2001-04-28 }
  - { name: days, type: number, default: 28 }
steps:
  - { name: a, kind: task, with: { text: 'from \${date(parameters.until) - 28d} on', count: '\${parameters.days}' } }
  - { name: b, kind: task, needs: [a], with: { text: '\${steps.a.value}' } }
`;
    const process = await start();
    await ended(process, await begin(process, content));
    expect(world.inputs.get('a')).toEqual({ text: 'from 2001-03-31 on', count: 28 });
    expect(world.inputs.get('b')).toEqual({ text: 'a-value' });
  });

  it('tries a failed step again with growing waits, and skips what needs one that failed for good', async () => {
    world.plans.set('a', { failing: 2 });
    world.plans.set('b', { failing: 'always' });
    const process = await start();
    const steps = [{ name: 'a' }, { name: 'b' }, { name: 'c', needs: ['b'] }, { name: 'd', needs: ['a'] }];
    const run = await ended(process, await begin(process, taskPipeline('p', steps)));
    expect(run.state).toBe('PIPELINE_RUN_STATE_FAILED');
    expect(stepStates(run)).toEqual({ a: 'succeeded', b: 'failed', c: 'skipped', d: 'succeeded' });
    expect(run.steps.map(({ attempts }) => attempts)).toEqual([3, 3, 0, 1]);
    expect(run.steps[1]?.message).toBe('UNAVAILABLE: not this time');
    const [first = '0', last = '0'] = [run.steps[1]?.start_time?.seconds, run.steps[1]?.end_time?.seconds];
    expect(Number(last) - Number(first)).toBeGreaterThanOrEqual(3); // 1 s and 2 s
  });

  it('does not repeat what nobody can repair by waiting, e.g. a gate that refuses', async () => {
    world.plans.set('gate', { failing: 'for-good' });
    const process = await start();
    const steps = [{ name: 'gate' }, { name: 'deploy', needs: ['gate'] }];
    const run = await ended(process, await begin(process, taskPipeline('p', steps)));
    expect(stepStates(run)).toEqual({ gate: 'failed', deploy: 'skipped' });
    expect(run.steps[0]).toMatchObject({ attempts: 1, message: 'GATE_REFUSED: the gate says no' });
  });

  it('goes on with a failed run: what succeeded is not begun again', async () => {
    world.plans.set('b', { failing: 'for-good' });
    const process = await start();
    const id = await begin(process, taskPipeline('p', [{ name: 'a' }, { name: 'b', needs: ['a'] }, { name: 'c', needs: ['b'] }])); // prettier-ignore
    await ended(process, id);
    world.plans.delete('b');
    await process.pipelines.resumePipelineRun({ id });
    const run = await ended(process, id);
    expect(run.state).toBe('PIPELINE_RUN_STATE_SUCCEEDED');
    expect(world.calls).toEqual(['a', 'b', 'b', 'c']);
    expect(world.effects.get('b')?.size).toBe(1); // under the same request id
    await expect(process.pipelines.resumePipelineRun({ id })).rejects.toMatchObject({
      reason: 'PIPELINE_RUN_NOT_RESUMABLE',
    });
  });

  it('ends a step that is not done before its deadline', async () => {
    world.plans.set('a', { hangs: true });
    const process = await start();
    const content = taskPipeline('p', [{ name: 'a' }]).replace('attempts: 3', 'timeout: 10m, attempts: 3');
    const id = await begin(process, content);
    await clock.advance(1_000);
    for (let minute = 0; minute < 9; minute += 1) await clock.advance(60_000);
    expect((await process.pipelines.getPipelineRun({ id })).run?.state).toBe('PIPELINE_RUN_STATE_RUNNING');
    await clock.advance(60_000);
    const run = await ended(process, id);
    expect(run.steps[0]).toMatchObject({ state: 'PIPELINE_STEP_STATE_FAILED' });
    expect(run.steps[0]?.message).toContain('STEP_DEADLINE');
  });

  it('cancels what runs and what is to come, and can go on with it', async () => {
    world.plans.set('a', { hangs: true });
    const process = await start();
    const id = await begin(process, taskPipeline('p', [{ name: 'a' }, { name: 'b', needs: ['a'] }]));
    await clock.advance(1_000);
    await process.pipelines.cancelPipelineRun({ id });
    const run = await ended(process, id);
    expect(run.state).toBe('PIPELINE_RUN_STATE_CANCELLED');
    expect(stepStates(run)).toEqual({ a: 'cancelled', b: 'cancelled' });
    world.plans.delete('a');
    await process.pipelines.resumePipelineRun({ id });
    expect((await ended(process, id)).state).toBe('PIPELINE_RUN_STATE_SUCCEEDED');
  });

  it('shows a run as waiting while a step of it waits, and nothing works', async () => {
    world.plans.set('a', { waits: true, takesMs: 60_000 });
    const process = await start();
    const id = await begin(process, taskPipeline('p', [{ name: 'a' }]));
    await clock.advance(1_000);
    const { run } = await process.pipelines.getPipelineRun({ id });
    expect(run).toMatchObject({ state: 'PIPELINE_RUN_STATE_WAITING' });
    expect(run?.steps[0]).toMatchObject({ state: 'PIPELINE_STEP_STATE_WAITING', message: 'waits for somebody' });
    expect((await ended(process, id)).state).toBe('PIPELINE_RUN_STATE_SUCCEEDED');
  });

  it('takes over within 15 seconds from a process that died, and repeats its step under the same request id', async () => {
    world.plans.set('a', { hangs: true });
    const first = await start();
    const id = await begin(first, taskPipeline('p', [{ name: 'a' }]));
    await clock.advance(1_000);
    expect(world.calls).toEqual(['a']);
    first.crash();
    const second = await start();
    world.plans.delete('a');
    await clock.advance(5_000);
    expect(world.calls).toEqual(['a']); // the lease holds
    for (let second = 0; second < 10; second += 1) await clock.advance(1_000);
    expect(world.calls).toEqual(['a', 'a']);
    expect(world.effects.get('a')?.size).toBe(1);
    const run = await ended(second, id);
    expect(run.steps[0]).toMatchObject({ attempts: 2, state: 'PIPELINE_STEP_STATE_SUCCEEDED' });
  });

  it('gives back what it drives when it stops; the next process goes on at once and no attempt is lost', async () => {
    world.plans.set('a', { hangs: true });
    const first = await start();
    const id = await begin(first, taskPipeline('p', [{ name: 'a' }]));
    await clock.advance(1_000);
    await Promise.all([first.stop(), clock.advance(10)]);
    world.plans.delete('a');
    const second = await start();
    await settle();
    await clock.advance(1_000);
    const run = await ended(second, id);
    expect(run.steps[0]).toMatchObject({ attempts: 1, state: 'PIPELINE_STEP_STATE_SUCCEEDED' });
  });

  it('gives up on a step over which process after process dies', async () => {
    world.plans.set('a', { hangs: true });
    let process = await start();
    const id = await begin(process, taskPipeline('p', [{ name: 'a' }]));
    for (let death = 0; death < 12; death += 1) {
      await clock.advance(2_000);
      process.crash();
      process = await start();
      await clock.advance(12_000);
    }
    const run = await ended(process, id);
    expect(run.steps[0]?.message).toContain('STEP_INTERRUPTED');
    expect(world.effects.get('a')?.size).toBe(1);
  });

  it('drives a hundred steps in a row and a hundred side by side', async () => {
    const process = await start();
    const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
    const chain = names.map((name, index) => ({ name, needs: index === 0 ? [] : [`s${index - 1}`] }));
    expect((await ended(process, await begin(process, taskPipeline('chain', chain), 'chain'))).state).toBe(
      'PIPELINE_RUN_STATE_SUCCEEDED',
    );
    expect(world.calls).toEqual(names);
    const wide = names.map((name) => ({ name }));
    const run = await ended(process, await begin(process, taskPipeline('wide', wide), 'wide'));
    expect(Object.values(stepStates(run)).every((state) => state === 'succeeded')).toBe(true);
  }, 60_000);

  it('refuses more runs than allowed, and answers a repeat with the first run', async () => {
    world.plans.set('a', { hangs: true });
    const { pipelines } = await start();
    await pipelines.applyPipeline({ content: taskPipeline('p', [{ name: 'a' }]) });
    const { run } = await pipelines.startPipelineRun({ pipeline: 'p', request_id: 'r' });
    expect((await pipelines.startPipelineRun({ pipeline: 'p', request_id: 'r' })).run?.id).toBe(run?.id);
    await expect(pipelines.startPipelineRun({ pipeline: 'p' })).rejects.toMatchObject({ reason: 'PIPELINE_RUNNING' });
  });
});
