import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRows } from '@slipway/batch-worker/testing';
import type { ScoringPlan } from '@slipway/contracts/slipway.batch.v1';
import { systemClock } from '@slipway/kernel';
import { artifactPath } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import type { Manifest } from '../domain/manifest.ts';
import { layOutSample, PLAN, startBatch, type BatchInstallation, type InstallationOptions, type SampleOptions } from '../testing/batch-installation.ts'; // prettier-ignore

const unaborted = (): AbortSignal => AbortSignal.timeout(30_000);
const ONLINE = { table: 'delays', keys: ['id'], fallback: 'FALLBACK_KIND_MEAN' as const };

describe('scoring jobs', { timeout: 60_000 }, () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let started: BatchInstallation[] = [];
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    for (const installation of started) await installation.stop();
    started = [];
    directory.remove();
  });

  const begin = async (sample: SampleOptions = {}, options: Partial<InstallationOptions> = {}) => {
    await layOutSample(directory.path, sample);
    const target = { driver: 'sqlite' as const, file: join(directory.path, 'batch.sqlite') };
    const installation = await startBatch({ directory: directory.path, target, ...options });
    started.push(installation);
    return installation;
  };
  const score = async ({ batch, ended }: BatchInstallation, plan: Partial<ScoringPlan> = {}) => {
    const created = await batch.createScoringJob({ plan: { ...PLAN, ...plan } });
    const operation = await ended(created.operation);
    const { job } = await batch.getScoringJob({ id: created.job?.id ?? '' });
    if (!job) throw new Error('no job');
    return { operation, job };
  };
  const manifestOf = async ({ batch }: BatchInstallation, id: string) =>
    JSON.parse((await batch.getManifest({ job_id: id })).manifest_json) as Manifest;
  const download = async ({ batch }: BatchInstallation, id: string, uri: string): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of batch.downloadOutput({ job_id: id, file_uri: uri })) chunks.push(chunk);
    const file = join(directory.path, `${uri.replaceAll(/\W/g, '_')}.parquet`);
    writeFileSync(file, Buffer.concat(chunks));
    return file;
  };
  const publishedIds = async (installation: BatchInstallation, id: string): Promise<readonly bigint[]> => {
    const ids: bigint[] = [];
    for (const { uri } of (await manifestOf(installation, id)).files) {
      const file = await download(installation, id, uri);
      ids.push(...(await readRows(`select id from '${file}'`)).map(([value]) => value as bigint));
    }
    return ids;
  };
  const allIds = (...files: readonly number[]): readonly bigint[] =>
    files.flatMap((rows, file) => Array.from({ length: rows }, (_, row) => BigInt((file + 1) * 1_000_000 + row)));

  it('scores every row once, publishes, moves the consumer on and loads', async () => {
    const positionsAt = new Map<string, unknown>();
    const atStep = (step: string): void => void positionsAt.set(step, installation.features.state.read().positions);
    const installation: BatchInstallation = await begin({}, { hooks: { atStep } });
    const { operation, job } = await score(installation, { online: ONLINE });
    expect(operation).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED', result_type: 'slipway.batch.v1.ScoringJob' });
    expect(JSON.parse(operation.result_json)).toMatchObject({
      id: job.id,
      state: 'SCORING_JOB_STATE_DONE',
      rows: '6000',
    });
    expect(job).toMatchObject({
      state: 'SCORING_JOB_STATE_DONE',
      rows: '6000',
      scored_rows: '6000',
      failed_rows: '0',
      partitions: 7,
      finished_partitions: 7,
      lost_attempts: 0,
      version: '1',
      manifest_uri: 'artifact:default/batch/manifests/nightly/flights/0.json',
      error_reason: '',
    });
    const manifest = await manifestOf(installation, job.id);
    expect(manifest).toMatchObject({ job: job.id, from_exclusive: '0', to_inclusive: '6000', rows: 6000, failed_rows: 0, output_sha256: job.output_sha256 }); // prettier-ignore
    expect(manifest.columns.map(({ name }) => name)).toEqual([
      'id',
      'scheduled_at',
      'probability',
      'prediction_version',
    ]);
    expect(await publishedIds(installation, job.id)).toEqual(allIds(3_500, 2_500));
    const { positions, loads } = installation.features.state.read();
    expect(positions).toEqual({ nightly: 6000 });
    expect(['manifest-written', 'published'].map((step) => positionsAt.get(step))).toEqual([{}, {}]);
    expect(loads).toEqual([{ table: 'delays', manifestUri: job.manifest_uri, files: 7, timeColumn: 'scheduled_at', fallback: manifest.means }]); // prettier-ignore
    expect(manifest.means['probability']).toBeGreaterThan(0);
    const { partitions } = await installation.batch.listPartitions({ job_id: job.id, page_size: 3 });
    expect(partitions.map(({ number, state }) => [number, state])).toEqual([0, 1, 2].map((number) => [number, 'PARTITION_STATE_DONE'])); // prettier-ignore
  });

  it('gives the same digest and means however the rows are cut', async () => {
    const installation = await begin();
    const told = [];
    for (const [index, partitionRows] of ['6000', '999', '137'].entries()) {
      const { job } = await score(installation, { consumer: `cut-${index}`, partition_rows: partitionRows });
      told.push([job.output_sha256, (await manifestOf(installation, job.id)).means]);
    }
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
  });

  it('does nothing when there is nothing to score', async () => {
    const installation = await begin();
    await score(installation);
    const { job, operation } = await score(installation);
    expect(operation.state).toBe('OPERATION_STATE_SUCCEEDED');
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_DONE', rows: '0', partitions: 0, manifest_uri: '' });
    await expect(installation.batch.getManifest({ job_id: job.id })).rejects.toMatchObject({ reason: 'MANIFEST_NOT_WRITTEN' }); // prettier-ignore
  });

  it('answers a repeated request with the first job, and refuses another one while a consumer is busy', async () => {
    const installation = await begin();
    const { batch, ended } = installation;
    const first = await batch.createScoringJob({ plan: PLAN, request_id: 'once' });
    const again = await batch.createScoringJob({ plan: PLAN, request_id: 'once' });
    expect(again.job?.id).toBe(first.job?.id);
    await expect(batch.createScoringJob({ plan: PLAN })).rejects.toMatchObject({ kind: 'failed-precondition', reason: 'CONSUMER_BUSY', facts: { job: first.job?.id } }); // prettier-ignore
    const forced = await batch.createScoringJob({ plan: PLAN, request_id: 'other' });
    expect(await ended(forced.operation)).toMatchObject({ error: { reason: 'CONSUMER_BUSY' } });
    expect(await ended(first.operation)).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED' });
    const { jobs } = await batch.listScoringJobs({ consumer: 'nightly' });
    expect(jobs.map(({ state }) => state)).toEqual(['SCORING_JOB_STATE_FAILED', 'SCORING_JOB_STATE_DONE']);
    expect(installation.features.state.read().sets).toHaveLength(1);
  });

  it('names every problem of a plan', async () => {
    const { batch } = await begin();
    const plan = { ...PLAN, passthrough: ['id', 'altitude', 'id', 'prediction_version'], outputs: ['label'], request_columns: { 'request:f9': 'f2', f3: 'height' }, online: { ...ONLINE, keys: ['origin'] } }; // prettier-ignore
    const error = await batch.createScoringJob({ plan }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: 'invalid-argument', reason: 'SCORING_PLAN_INVALID' });
    expect((error as { violations: { field: string }[] }).violations.map(({ field }) => field)).toEqual([
      'plan.request_columns[f9]',
      'plan.request_columns[f3]',
      'plan.passthrough[1]',
      'plan.passthrough[2]',
      'plan.passthrough[3]',
      'plan.outputs[0]',
      'plan.online.keys',
      'plan.passthrough',
    ]);
    await expect(batch.createScoringJob({ plan: { ...PLAN, model: 'flights' } })).rejects.toMatchObject({ reason: 'SCORING_PLAN_INVALID' }); // prettier-ignore
    await expect(batch.createScoringJob({ plan: { ...PLAN, model: 'flights@none' } })).rejects.toMatchObject({ kind: 'not-found' }); // prettier-ignore
    await expect(batch.createScoringJob({ plan: { ...PLAN, source: 'trains' } })).rejects.toMatchObject({ reason: 'SCORING_PLAN_INVALID' }); // prettier-ignore
    expect((await batch.listScoringJobs({})).jobs).toEqual([]);
  });

  const planted = (query: string): string =>
    query.replace('f2, f3', 'case when id % 1000 = 7 then null else f2 end as f2, f3');

  it('publishes without bad rows, up to the share that may fail', async () => {
    const installation = await begin({ query: planted });
    const failed = await score(installation);
    expect(failed.job).toMatchObject({ state: 'SCORING_JOB_STATE_FAILED', error_reason: 'FAILED_ROWS_SHARE' });
    expect(failed.operation.error?.reason).toBe('FAILED_ROWS_SHARE');
    expect(installation.features.state.read().positions).toEqual({});
    const { job } = await score(installation, { failed_rows_share_max: 7 / 6000 });
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_DONE', scored_rows: '5993', failed_rows: '7' });
    const manifest = await manifestOf(installation, job.id);
    const errors = [];
    for (const { uri } of manifest.error_files) {
      const file = await download(installation, job.id, uri);
      errors.push(...(await readRows(`select id, error_reason from '${file}'`)));
    }
    expect(errors.map(([id]) => Number(id) % 1000)).toEqual([7, 7, 7, 7, 7, 7, 7]);
    expect(new Set(errors.map(([, reason]) => reason))).toEqual(new Set(['OUTPUT_NOT_A_NUMBER']));
    const ids = await publishedIds(installation, job.id);
    expect(ids).toEqual(allIds(3_500, 2_500).filter((id) => Number(id) % 1000 !== 7));
  });

  it('refuses an input that was replaced, and goes on once it is back', async () => {
    const installation = await begin();
    const { artifacts, features, batch, ended } = installation;
    const path = artifactPath(features.state.read().files[1]?.uri.slice('artifact:'.length) ?? '');
    const content: Uint8Array[] = [];
    for await (const chunk of await artifacts.read(path, undefined, unaborted())) content.push(Buffer.from(chunk));
    const replaced = Buffer.concat(content);
    replaced.writeUInt8((replaced[1000] ?? 0) ^ 1, 1000);
    await artifacts.write(path, one(replaced), {}, unaborted());
    const { job } = await score(installation);
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_FAILED', error_reason: 'INPUT_REPLACED' });
    await artifacts.write(path, one(Buffer.concat(content)), {}, unaborted());
    const before = job.finished_partitions;
    const resumed = await batch.resumeScoringJob({ id: job.id });
    expect(await ended(resumed.operation)).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED' });
    const { partitions } = await batch.listPartitions({ job_id: job.id });
    expect(partitions.filter(({ epoch }) => epoch === '1').length).toBeGreaterThanOrEqual(before);
    expect(await publishedIds(installation, job.id)).toEqual(allIds(3_500, 2_500));
  });

  it('stops when it is cancelled, and resumes without doing finished partitions again', async () => {
    const installation = await begin({ files: [6_000] }, { launcher: { workers: '1' } });
    const { batch, operations, ended } = installation;
    const created = await batch.createScoringJob({ plan: { ...PLAN, partition_rows: '200' } });
    const id = created.job?.id ?? '';
    for (;;) {
      const { job } = await batch.getScoringJob({ id });
      if ((job?.finished_partitions ?? 0) >= 3) break;
      await systemClock.sleep(10);
    }
    await operations.cancelOperation({ id: created.operation?.id ?? '' });
    expect(await ended(created.operation)).toMatchObject({ state: 'OPERATION_STATE_CANCELLED' });
    const { job } = await batch.getScoringJob({ id });
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_CANCELLED', error_reason: 'CANCELLED' });
    const finished = (await batch.listPartitions({ job_id: id })).partitions.filter((one) => one.output_uri !== '');
    expect(finished.length).toBeGreaterThanOrEqual(3);
    expect(finished.length).toBeLessThan(30);
    const resumed = await batch.resumeScoringJob({ id, request_id: 'again' });
    expect(resumed.job).toMatchObject({ id, operation_id: resumed.operation?.id });
    expect(await ended(resumed.operation)).toMatchObject({ state: 'OPERATION_STATE_SUCCEEDED' });
    const after = new Map((await batch.listPartitions({ job_id: id })).partitions.map((one) => [one.number, one]));
    for (const { number, output_uri: uri } of finished) expect(after.get(number)?.output_uri).toBe(uri);
    expect(await publishedIds(installation, id)).toEqual(allIds(6_000));
    await expect(batch.resumeScoringJob({ id })).rejects.toMatchObject({ reason: 'JOB_NOT_RESUMABLE' });
  });

  it('fails when another job has published from its position', async () => {
    const installation = await begin();
    const first = await score(installation);
    installation.features.state.change((state) => ({ ...state, positions: {} })); // as if its commit had been lost
    const { job } = await score(installation);
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_FAILED', error_reason: 'ROWS_PUBLISHED_BY_OTHER' });
    expect(job.error_message).toContain(first.job.id);
    expect(await publishedIds(installation, first.job.id)).toHaveLength(6_000);
  });

  it('fails when the consumer was moved by somebody else, and says so', async () => {
    const installation = await begin();
    const { features } = installation;
    const { batch, ended } = installation;
    const created = await batch.createScoringJob({ plan: PLAN });
    for (;;) {
      if (features.state.read().sets.length > 0) break;
      await systemClock.sleep(5);
    }
    features.state.change((state) => ({ ...state, positions: { nightly: 10 } }));
    expect(await ended(created.operation)).toMatchObject({ error: { reason: 'POSITION_MOVED' } });
  });

  it('outlasts a feature store that does not answer for a moment', async () => {
    const installation = await begin();
    installation.features.state.change((state) => ({ ...state, outages: 3 }));
    const { job } = await score(installation);
    expect(job.state).toBe('SCORING_JOB_STATE_DONE');
    expect(installation.features.state.read().outages).toBe(0);
  });

  it('passes on why rows cannot be joined', async () => {
    const installation = await begin();
    installation.features.state.change((state) => ({ ...state, failJoin: true }));
    const { job } = await score(installation);
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_FAILED', error_reason: 'VIEW_NOT_FOUND', partitions: 0 });
  });

  it('refuses a job that needs more scratch space than there is', async () => {
    const installation = await begin({}, { limits: { scratchBytesMax: 1_000 } });
    const { job } = await score(installation, { attempts_max: 1 });
    expect(job).toMatchObject({ state: 'SCORING_JOB_STATE_FAILED', error_reason: 'PARTITION_FAILED' });
    expect(job.error_message).toContain('1000 is what there is');
  });

  it('notices an output that is not what was written', async () => {
    const installation = await begin();
    const { job } = await score(installation);
    const [file] = (await manifestOf(installation, job.id)).files;
    const path = artifactPath(file?.uri.slice('artifact:'.length) ?? '');
    await installation.artifacts.write(path, one(Buffer.alloc(file?.bytes ?? 0)), {}, unaborted());
    await expect(download(installation, job.id, file?.uri ?? '')).rejects.toMatchObject({ kind: 'data-loss', reason: 'OUTPUT_LOST' }); // prettier-ignore
    await expect(download(installation, job.id, 'artifact:default/other')).rejects.toMatchObject({ reason: 'OUTPUT_NOT_FOUND' }); // prettier-ignore
  });

  it('shows nothing of a job to another workspace', async () => {
    const installation = await begin();
    const { job } = await score(installation);
    const other = installation.connect('other');
    await expect(other.getScoringJob({ id: job.id })).rejects.toMatchObject({ reason: 'SCORING_JOB_NOT_FOUND' });
    await expect(other.getManifest({ job_id: job.id })).rejects.toMatchObject({ reason: 'SCORING_JOB_NOT_FOUND' });
    expect((await other.listScoringJobs({})).jobs).toEqual([]);
  });

  it('tells each state and each finished partition as an event', async () => {
    const installation = await begin({ files: [2_500] });
    await score(installation);
    const events = await installation.database.read(({ sql }) =>
      sql.all<{ payload: string }>('select * from slipway_outbox'),
    );
    expect(events.length).toBeGreaterThan(0);
    const states = events.map((event) => /"state":"?(\w+)"?/.exec(JSON.stringify(event).replaceAll('\\', ''))?.[1]);
    expect(states).toEqual(['joining', 'scoring', 'scoring', 'scoring', 'scoring', 'published', 'done']);
  });

  it('notes the end of a job whose operation ended without it', async () => {
    const installation = await begin();
    const { batch, unitOfWork } = installation;
    const { job } = await score(installation);
    const sql = `update batch_job set state = 'scoring', operation_id = 'gone' where id = ?`;
    await unitOfWork.run({ caller: { principal: 'a', workspace: 'default', allWorkspaces: false, permissions: new Set() }, requestId: 'x' }, (tx) => tx.sql.run(sql, [job.id])); // prettier-ignore
    for (let tries = 0; tries < 200; tries += 1) {
      const { job: now } = await batch.getScoringJob({ id: job.id });
      if (now?.state === 'SCORING_JOB_STATE_FAILED') break;
      await systemClock.sleep(20);
    }
    const { job: now } = await batch.getScoringJob({ id: job.id });
    expect(now).toMatchObject({ state: 'SCORING_JOB_STATE_FAILED', error_reason: 'OWNER_STOPPED' });
  });
});

async function* one(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield content;
}
