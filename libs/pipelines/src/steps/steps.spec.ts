import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { artifactsLocalPlugin } from '@slipway/artifacts-local';
import {
  createIdSource,
  parseMicros,
  seededRandom,
  silentLogger,
  systemClock,
  UnavailableError,
  type JsonValue,
} from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { artifactPath, type ArtifactStore, type ModelRuntime, type Trainer } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { filled, type StepContext, type StepKinds, type StepResult } from '../domain/step-kind.ts';
import { FakeServices } from '../testing/fake-services.ts';
import { createStepKinds } from './step-kinds.ts';
import { TrainingSets } from './training-set/training-sets.ts';

const FEATURES = ['request:hour', 'request:distance', 'origin_delays:delay_mean_1h'];
const ROWS = {
  source: 'flights',
  eventTime: 'scheduled_at',
  from: '2001-03-24',
  until: '2001-04-28',
  columns: ['origin'],
  derive: { hour: { hour: 'scheduled_at' }, weekday: { weekday: 'scheduled_at' }, month_day: { day: 'scheduled_at' }, distance: { number: 'distance' } }, // prettier-ignore
  features: ['origin_delays:delay_mean_1h'],
  label: { name: 'late', column: 'delay', greaterThan: 15 },
};
/** Forty days of forty flights; who is late hangs on the mean delay at the origin. */
const FLIGHTS = `select 'f' || i as flight_id, timestamp '2001-03-20' + to_minutes(i * 36) as scheduled_at, 'JFK' as origin,
  case when i % 97 = 0 then null when hash(i) % 100 < 20 + 60 * (i % 2) then 40 else 0 end::bigint as delay,
  (100 + i % 900)::integer as distance, (i % 2)::double * 30 + (hash(i + 7) % 10)::double as "origin_delays__delay_mean_1h" from range(1600) t(i)`;

describe('steps', () => {
  const directory = temporaryDirectory();
  const shared = { clock: systemClock, ids: createIdSource(systemClock, seededRandom(1)), log: silentLogger };
  let artifacts: ArtifactStore;
  let trainer: Trainer;
  let runtime: ModelRuntime;
  let scoringFile: { uri: string; sha256: string; bytes: string; rows: string };
  let services: FakeServices;
  let kinds: StepKinds;
  let sets: TrainingSets;
  const signal = AbortSignal.timeout(60_000);
  beforeAll(async () => {
    const dependencies = { ...shared, dataDirectory: directory.path };
    artifacts = artifactsLocalPlugin.create(artifactsLocalPlugin.parseConfig({ fsync: false }), dependencies);
    trainer = trainerLinearPlugin.create({}, dependencies);
    runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
    await Promise.all([artifacts.open(signal), trainer.open(signal), runtime.open(signal)]);
    const file = join(directory.path, 'scoring.parquet');
    await query(`copy (${FLIGHTS}) to '${file}' (format parquet)`);
    const content = readFileSync(file);
    const path = artifactPath('default', 'features', 'scoring.parquet');
    const { sha256 } = await artifacts.write(path, one(content), {}, signal);
    scoringFile = { uri: `artifact:${path}`, sha256, bytes: String(content.length), rows: '1600' };
  });
  afterAll(async () => {
    await Promise.all([artifacts.close(), trainer.close(), runtime.close()]);
    directory.remove();
  });
  beforeEach(() => {
    services = new FakeServices();
    services.scoringSet = { id: 'set-1', source: 'flights', content_sha256: 'c'.repeat(64), files: [scoringFile] };
    sets = new TrainingSets(artifacts, join(directory.path, 'scratch'));
    kinds = createStepKinds({
      clients: services.clients,
      sets,
      trainer,
      runtime,
      trustedKeys: () => [services.registry.trustedKey],
      commands: new Map(),
      environment: {},
    });
  });

  async function* one(content: Uint8Array) {
    yield await Promise.resolve(content);
  }
  async function query(statement: string): Promise<JsonValue[][]> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll(statement)).getRowsJson();
    connection.closeSync();
    instance.closeSync();
    return rows;
  }

  const waits: string[] = [];
  const contextOf = (step: string, changes: Partial<StepContext> = {}): StepContext => ({
    workspace: 'default',
    pipeline: 'retrain',
    runId: 'run-id',
    step,
    attempt: 1,
    key: `run-id.${step}`,
    beganAt: parseMicros('2001-04-28T00:00:00Z'),
    clock: systemClock,
    log: silentLogger,
    signal,
    say: () => undefined,
    wait: (message) => Promise.resolve(void waits.push(message)),
    ...changes,
  });
  const execute = async (kind: string, input: JsonValue, changes: Partial<StepContext> = {}): Promise<StepResult> => {
    const found = kinds.get(kind);
    if (!found) throw new Error(`no kind ${kind}`);
    return found.execute(found.schema(filled).parse(input), contextOf(kind, changes));
  };
  const train = (set: unknown, more: object = {}) =>
    execute('train', {
      set: set as string,
      window: { from: '2001-03-31', until: '2001-04-28' },
      model: 'flights',
      experiment: 'flights',
      target: 'late',
      features: FEATURES,
      options: { ridge: 1, missing: 'mean' },
      backtest: { days: 7, alias: 'champion' },
      ...more,
    });

  it('a training set has the rows of its time with a label, derived columns and features, and is named by its content', async () => {
    const made = await execute('training_set', ROWS);
    const file = join(directory.path, 'read.parquet');
    await sets.fetch('default', made['id'] as string, file, signal);
    const [expected] = await query(
      `select count(*)::integer, sum(case when delay > 15 then 1 else 0 end)::integer from (${FLIGHTS})
       where delay is not null and scheduled_at >= '2001-03-24' and scheduled_at < '2001-04-28'`,
    );
    const [found] = await query(`select count(*)::integer, sum(late)::integer from '${file}'`);
    expect(found).toEqual(expected);
    expect(made['rows']).toBe(expected?.[0]);
    const [first] = await query(`select * from '${file}' order by event_time_us limit 1`);
    expect(first).toEqual([985_392_000_000_000, 'JFK', '00', 'Saturday', 24, 260, expect.any(Number), '0']); // prettier-ignore
    expect(services.requests.find(({ method }) => method === 'CreateScoringSet')).toMatchObject({
      workspace: 'default',
      request: { source: 'flights', from: { seconds: '985392000' }, before: { seconds: '988416000' } },
    });
    expect(await execute('training_set', ROWS)).toEqual(made);
    expect((await execute('training_set', { ...ROWS, until: '2001-04-27' }))['id']).not.toBe(made['id']);
  });

  it('a training set is refused when a file is not the one of the manifest, and when it has no rows', async () => {
    const at = (changes: object) => ({ ...services.scoringSet, ...changes });
    services.scoringSet = at({ files: [{ ...scoringFile, sha256: '0'.repeat(64) }] });
    await expect(execute('training_set', ROWS)).rejects.toMatchObject({ reason: 'FILE_DIGEST_MISMATCH' });
    services.scoringSet = at({ files: [] });
    await expect(execute('training_set', ROWS)).rejects.toMatchObject({ reason: 'DATA_INVALID' });
    await expect(execute('training_set', { ...ROWS, columns: ['Late'] })).rejects.toThrow("named 'late'");
  });

  it('work of the feature store that failed before is begun again under another id, and only then', async () => {
    services.afterEffect = (method) => {
      const last = [...services.operations.values()].at(-1);
      if (method === 'CreateScoringSet' && last && services.operations.size === 1) {
        last.state = 'OPERATION_STATE_FAILED';
      }
    };
    await execute('training_set', ROWS);
    expect(services.effects).toEqual([
      'CreateScoringSet:run-id.training_set',
      'CreateScoringSet:run-id.training_set.2',
    ]);
  });

  it('learns, registers, and judges the recipe and the current version on the days that the sibling has not seen', async () => {
    const set = (await execute('training_set', ROWS))['id'];
    const first = await train(set);
    expect(first).toMatchObject({ version: '1', rows: 28 * 40 - 12, dataset: 'backtest-2001-04-28' });
    services.registry.aliases.set('champion', '1');
    services.effects.length = 0;
    const second = await execute('train', { set: set as string, window: { from: '2001-03-31', until: '2001-04-28' }, model: 'flights', experiment: 'flights', target: 'late', features: ['request:hour'], backtest: { days: 7, alias: 'champion' } }, { key: 'other' }); // prettier-ignore
    const { evaluations } = services.registry;
    expect(evaluations.map(({ version, dataset }) => [version, dataset])).toEqual([
      ['1', 'backtest-2001-04-28'],
      ['2', 'backtest-2001-04-28'],
      ['1', 'backtest-2001-04-28'],
    ]);
    const [recipe, worse, champion] = evaluations.map(({ metrics }) => metrics['auc'] ?? 0);
    expect(recipe).toBeGreaterThan(0.7); // it knows the mean delay
    expect(worse).toBeLessThan(0.6); // it knows the hour alone, which says nothing
    expect(champion).toBeGreaterThan(0.7);
    expect(second.message).toContain('version 1: auc');
  });

  it('a repeat after a death registers nothing again, wherever the attempt before ended', async () => {
    const set = (await execute('training_set', ROWS))['id'];
    for (const last of ['CreateRun', 'CreateModelVersion', 'RecordEvaluation']) {
      services.afterEffect = (method) => {
        if (method !== last) return;
        services.afterEffect = undefined;
        throw new UnavailableError('the answer got lost');
      };
      await expect(train(set)).rejects.toThrow('the answer got lost');
    }
    expect(await train(set)).toMatchObject({ version: '1' });
    expect(services.registry.versions).toHaveLength(1);
    expect(services.registry.evaluations).toHaveLength(1);
  });

  it('refuses a backtest without days before the window, and a package that was tampered with', async () => {
    const set = (await execute('training_set', { ...ROWS, from: '2001-04-27' }))['id'];
    await expect(train(set)).rejects.toMatchObject({ reason: 'DATA_INVALID' });
    expect(services.registry.versions).toEqual([]);
    const whole = (await execute('training_set', ROWS))['id'];
    await train(whole);
    const evaluate = { model: 'flights', version: '1', set: whole as string, target: 'late', dataset: 'april' };
    const judged = await execute('evaluate', evaluate);
    expect(judged['auc']).toBeGreaterThan(0.7);
    const graph = services.registry.versions[0]?.graph;
    if (graph) graph[graph.length - 1] = (graph.at(-1) ?? 0) ^ 1;
    await expect(execute('evaluate', evaluate)).rejects.toMatchObject({ reason: 'FILE_DIGEST_MISMATCH' });
  });

  it('validates rows, quarantine, rules and age', async () => {
    const time = (text: string) => ({ seconds: String(Date.parse(`${text}Z`) / 1000), nanos: 0 });
    services.ingestions = [
      { accepted_rows: '90', quarantined_rows: '10', first_event_time: time('2001-04-01'), last_event_time: time('2001-04-20'), breaches: [{ column: 'delay', rule: 'required', rows: '4' }] },
      { accepted_rows: '1000', quarantined_rows: '0', first_event_time: time('2001-01-01'), last_event_time: time('2001-01-31'), breaches: [] },
    ]; // prettier-ignore
    const since = { source: 'flights', from: '2001-04-01' };
    expect(await execute('validate', since)).toMatchObject({ rows: '90', quarantined_rows: '10' });
    for (const [limit, problem] of [
      [{ rowsMin: 91 }, '90 rows, at least 91'],
      [{ quarantinedShareMax: 0.05 }, '10.00 % are in quarantine'],
      [{ newestAtLeast: '2001-04-21' }, 'the newest row is of 2001-04-20'],
      [{ forbiddenBreaches: ['delay required'] }, "4 rows break 'delay required'"],
    ] as [Record<string, JsonValue>, string][]) {
      await expect(execute('validate', { ...since, ...limit })).rejects.toThrow(problem);
    }
    await execute('validate', { ...since, rowsMin: 90, quarantinedShareMax: 0.1, newestAtLeast: '2001-04-20' });
  });

  const MOVE = { model: 'flights', version: '1', alias: 'champion' };
  it('a gate does not mind missing approvals, and its refusal is final', async () => {
    expect((await execute('gate', MOVE)).message).toBe('metric: log_loss is no worse');
    services.registry.refusal = 'log_loss is worse by 0.1';
    await expect(execute('gate', MOVE)).rejects.toMatchObject({ reason: 'GATE_REFUSED', kind: 'failed-precondition' });
  });

  it('an approval is waited for; who rejects and does not approve later ends it', async () => {
    waits.length = 0;
    const waiting = execute('approve', { ...MOVE, every: '10ms' });
    await systemClock.sleep(60);
    services.registry.decide('APPROVED', 'bob');
    expect(await waiting).toMatchObject({ approvals: '1 of 1' });
    expect(waits).toHaveLength(1);
    services.registry.approvals.length = 0;
    services.registry.decide('REJECTED', 'bob', 'worse at night');
    await expect(execute('approve', MOVE)).rejects.toMatchObject({ reason: 'APPROVAL_REJECTED' });
    services.registry.decide('APPROVED', 'bob');
    expect(await execute('approve', MOVE)).toMatchObject({ version: '1' });
  });

  it('deploys by an alias and a canary, once for each request id', async () => {
    services.registry.approvalsRequired = 0;
    const arms = [{ name: 'live', model: 'flights', alias: 'live' }, { name: 'new', model: 'flights', alias: 'champion' }]; // prettier-ignore
    const input = { move: MOVE, canary: { name: 'c', objective: 'late', arms, steps: [100, 500] } };
    const first = await execute('deploy', input);
    expect(first).toMatchObject({ alias_revision: '2', experiment: 'canary-1' });
    expect(await execute('deploy', input, { attempt: 2 })).toEqual(first);
    expect(services.effects).toEqual(['MoveAlias:run-id.deploy-move', 'CreateRoutingExperiment:run-id.deploy-canary']);
    expect(services.registry.aliases.get('champion')).toBe('1');
  });

  it('scores, and a later attempt goes on with a job that failed', async () => {
    const input = { consumer: 'nightly', source: 'schedule', model: 'flights@live', passthrough: ['flight_id'] };
    expect(await execute('score', input)).toMatchObject({ job: 'job-1', rows: '7', manifest_uri: 'artifact:m' });
    services.jobStates = ['SCORING_JOB_STATE_FAILED', 'SCORING_JOB_STATE_DONE'];
    await expect(execute('score', input)).rejects.toMatchObject({ reason: 'OPERATION_FAILED' });
    services.jobStates = ['SCORING_JOB_STATE_FAILED', 'SCORING_JOB_STATE_DONE'];
    expect(await execute('score', input, { attempt: 2 })).toMatchObject({ rows: '7' });
    expect(services.effects).toEqual(['CreateScoringJob:run-id.score', 'ResumeScoringJob:run-id.score-2']);
  });
});
