import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRows } from '@slipway/batch-worker/testing';
import { systemClock } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import { sized, temporaryDirectory } from '@slipway/testing';
import type { Manifest } from '../domain/manifest.ts';
import { layOutSample, PLAN, startBatch, type BatchInstallation, type InstallationOptions } from '../testing/batch-installation.ts'; // prettier-ignore
import type { KillOrder } from '../testing/kill/kill-child.ts';
import { FAULT_FILE, type WorkerFault } from '../testing/test-worker.ts';

const CHILD = fileURLToPath(new URL('../testing/kill/kill-child.ts', import.meta.url));
const OPERATIONS = { leaseMs: 600, pollMs: 50 };
const IDS = [1, 2].flatMap((file) =>
  Array.from({ length: file === 1 ? 2_100 : 900 }, (_, row) => BigInt(file * 1_000_000 + row)),
);

const RUNNER_STEPS = sized({
  small: ['joined', 'planned', 'accepted:2', 'manifest-written', 'published', 'committed'],
  full: ['begun', 'joined', 'planned', 'leased:3', 'scored:2', 'stored:2', 'accepted:2', 'hashed', 'manifest-written', 'published', 'committed', 'loaded', 'done', 'after-commit:1', 'after-commit:2', 'before-commit:4', 'after-commit:7'],
}); // prettier-ignore
const WORKER_STEPS = sized({
  small: ['scored', 'copied', 'written'],
  full: ['taken', 'loaded', 'scored', 'copied', 'renamed', 'written'],
});

describe('scoring jobs after kill -9', { timeout: 60_000 }, () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let target: DatabaseTarget;
  let installation: BatchInstallation | undefined;
  beforeEach(async () => {
    directory = temporaryDirectory();
    target = { driver: 'sqlite', file: join(directory.path, 'batch.sqlite') };
    await layOutSample(directory.path, { files: [2_100, 900] });
  });
  afterEach(async () => {
    await installation?.stop();
    installation = undefined;
    directory.remove();
  });

  const start = async (options: Partial<InstallationOptions> = {}): Promise<BatchInstallation> => {
    installation = await startBatch({
      directory: directory.path,
      target,
      hooks: { operations: OPERATIONS },
      ...options,
    });
    return installation;
  };

  /** Everything that must hold of the one finished job, whatever happened on the way. */
  const assertPublishedOnce = async ({ batch, features }: BatchInstallation) => {
    const { jobs } = await batch.listScoringJobs({});
    expect(jobs).toHaveLength(1);
    const [job] = jobs;
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_DONE', scored_rows: '3000', failed_rows: '0', finished_partitions: 4 }); // prettier-ignore
    const id = job?.id ?? '';
    const manifest = JSON.parse((await batch.getManifest({ job_id: id })).manifest_json) as Manifest;
    const ids: bigint[] = [];
    for (const { uri } of manifest.files) {
      const chunks: Uint8Array[] = [];
      for await (const { chunk } of batch.downloadOutput({ job_id: id, file_uri: uri })) chunks.push(chunk);
      const file = join(directory.path, 'output.parquet');
      writeFileSync(file, Buffer.concat(chunks));
      ids.push(...(await readRows(`select id from '${file}'`)).map(([value]) => value as bigint));
    }
    expect(ids).toEqual(IDS);
    expect(features.state.read()).toMatchObject({ positions: { nightly: 3000 }, sets: [{ manifestUri: job?.manifest_uri }] }); // prettier-ignore
    return { id, job, manifest };
  };

  const operationOf = async ({ operations }: BatchInstallation) => (await operations.listOperations({})).operations[0];

  it.each(RUNNER_STEPS)('a runner killed at %s: the next process finishes the job', async (step) => {
    const order: KillOrder = { directory: directory.path, target, step };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const next = await start();
    const finishedBefore = (await next.batch.listScoringJobs({})).jobs[0]?.finished_partitions ?? 0;
    const done = await next.ended(await operationOf(next));
    expect(done.state).toBe('OPERATION_STATE_SUCCEEDED');
    const { id } = await assertPublishedOnce(next);
    const { partitions } = await next.batch.listPartitions({ job_id: id });
    expect(partitions.filter(({ epoch }) => epoch === '1').length).toBeGreaterThanOrEqual(finishedBefore);
    expect(next.features.state.read()).toMatchObject({ sets: [{}], loads: [{ table: 'delays' }] });
    expect(next.features.state.read().loads).toHaveLength(1);
  });

  const fault = (what: WorkerFault): void => writeFileSync(join(directory.path, FAULT_FILE), JSON.stringify(what));

  it.each(WORKER_STEPS)('a worker killed when %s: its partition is done by another one', async (step) => {
    fault({ step, signal: 'SIGKILL' });
    const running = await start();
    const { operation } = await running.batch.createScoringJob({ plan: PLAN });
    expect(await running.ended(operation)).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED' });
    const { id, job } = await assertPublishedOnce(running);
    expect(job?.lost_attempts).toBe(1);
    const { partitions } = await running.batch.listPartitions({ job_id: id });
    expect(partitions.map(({ epoch }) => epoch).sort()).toEqual(['1', '1', '1', '2']);
    expect(readdirSync(join(directory.path, 'batch-1', 'attempts'))).toEqual([]);
  });

  it('a worker that dies each time fails the job with its reason, and a resume tries again', async () => {
    const running = await start();
    fault({ step: 'taken', signal: 'SIGKILL' });
    const { operation, job } = await running.batch.createScoringJob({ plan: { ...PLAN, attempts_max: 1 } });
    expect(await running.ended(operation)).toMatchObject({ error: { reason: 'PARTITION_FAILED' } });
    const resumed = await running.batch.resumeScoringJob({ id: job?.id ?? '' });
    expect(await running.ended(resumed.operation)).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED' });
    await assertPublishedOnce(running);
  });

  it('a worker that was stopped past its lease is replaced, and its late result is refused', async () => {
    fault({ step: 'written', signal: 'SIGSTOP' });
    const running = await start({ launcher: { graceMs: '20000' }, limits: { leaseMs: 1_000 } });
    const { operation, job } = await running.batch.createScoringJob({ plan: PLAN });
    const id = job?.id ?? '';
    let zombie: number | undefined;
    const stopped = async () => {
      const { partitions } = await running.batch.listPartitions({ job_id: id });
      const known = partitions.find(({ state, epoch }) => state === 'PARTITION_STATE_LEASED' && epoch === '1');
      const { job: now } = await running.batch.getScoringJob({ id });
      if (now?.lost_attempts === 0 && known) zombie = Number(known.worker.split('-')[1]);
      return (now?.lost_attempts ?? 0) > 0;
    };
    while (!(await stopped())) await systemClock.sleep(20);
    expect(await running.ended(operation)).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED' });
    const before = await assertPublishedOnce(running);
    if (zombie === undefined) throw new Error('no worker was stopped');
    process.kill(zombie, 'SIGCONT');
    await systemClock.sleep(500); // its answer arrives and is refused
    const after = await assertPublishedOnce(running);
    expect(after.manifest).toEqual(before.manifest);
    expect(after.job).toEqual(before.job);
    const { partitions } = await running.batch.listPartitions({ job_id: id });
    expect(partitions.map(({ epoch }) => epoch).sort()).toEqual(['1', '1', '1', '2']);
  });

  it('a runner that wakes up after another one took over changes nothing', async () => {
    const order: KillOrder = { directory: directory.path, target, step: 'never' };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    try {
      const running = await start();
      const partitionsDone = async () => (await running.batch.listScoringJobs({})).jobs[0]?.finished_partitions ?? 0;
      while ((await partitionsDone()) === 0) await systemClock.sleep(5);
      await stopOutsideTransactions(child, join(directory.path, 'batch.sqlite'));
      const done = await running.ended(await operationOf(running));
      expect(done.state).toBe('OPERATION_STATE_SUCCEEDED');
      const before = await assertPublishedOnce(running);
      child.kill('SIGCONT');
      await exit;
      const after = await assertPublishedOnce(running);
      expect(after.manifest).toEqual(before.manifest);
      expect(after.job).toEqual(before.job);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** A process that is stopped while it holds the lock of the database would stop everybody, which is not what is tested. */
async function stopOutsideTransactions(child: ChildProcess, file: string): Promise<void> {
  const database = new Sqlite(file, { timeout: 0 });
  try {
    for (let tries = 0; tries < 200; tries += 1) {
      child.kill('SIGSTOP');
      await systemClock.sleep(20); // the signal has arrived
      try {
        database.exec('begin immediate');
        database.exec('rollback');
        return;
      } catch {
        child.kill('SIGCONT'); // it holds the lock
        await systemClock.sleep(3);
      }
    }
    throw new Error('the runner never let go of the database');
  } finally {
    database.close();
  }
}
