import { setTimeout as delay } from 'node:timers/promises';
import { sized, startSlipway, temporaryDirectory, type SlipwayProcess } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const HOLDERS = { alice: { roles: ['editor'] } } as const;
const WRITERS = 20;
const BATCHES = sized({ small: 10, full: 200 });
const POINTS = 50;
const CREATORS = 8;
const VERSIONS = sized({ small: 6, full: 50 });
const KILLS = sized({ small: 2, full: 20 });
const TIMEOUT_MS = sized({ small: 120_000, full: 1_800_000 });

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

describe('many clients of the MLflow API at once', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let slipway: SlipwayProcess<'alice'>;
  let token: string;

  const start = async (): Promise<void> => {
    const tokens = token === '' ? HOLDERS : { alice: { ...HOLDERS.alice, token } };
    slipway = await startSlipway<'alice'>({ app: 'slipway', tokens, directory: directory.path });
    token = slipway.tokens.alice;
  };
  beforeEach(async () => {
    directory = temporaryDirectory();
    token = '';
    await start();
  });
  afterEach(async () => {
    await slipway?.stop();
    directory.remove();
  });

  const call = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${slipway.gatewayUrl}/api/2.0/mlflow/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Answer;
  };
  const newRun = async (): Promise<string> => {
    const { run } = await call<{ run: { info: { run_id: string } } }>('POST', 'runs/create', { experiment_id: '0' });
    return run.info.run_id;
  };
  const batchOf = (writer: number, batch: number): Metric[] =>
    Array.from({ length: POINTS }, (_, point) => {
      const step = batch * POINTS + point;
      return { key: `m${writer}`, value: step / 7, timestamp: 1_000 + step, step };
    });
  const history = async (run: string, key: string): Promise<readonly number[]> => {
    const { metrics } = await call<{ metrics: readonly Metric[] }>(
      'GET',
      `metrics/get-history?run_id=${run}&metric_key=${key}`,
    );
    return metrics.map(({ step }) => step);
  };
  const steps = (batches: number): readonly number[] => Array.from({ length: batches * POINTS }, (_, step) => step);
  const all = <Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)));

  it('keeps each point of 20 writers once, on one run and on many', { timeout: TIMEOUT_MS }, async () => {
    const shared = await newRun();
    const own = await all(WRITERS, newRun);
    await all(WRITERS, async (writer) => {
      for (let batch = 0; batch < BATCHES; batch += 1) {
        const metrics = batchOf(writer, batch);
        const params = [{ key: `p${writer}/${batch}`, value: String(batch) }];
        for (const run_id of [shared, own[writer]])
          await call('POST', 'runs/log-batch', {
            run_id,
            metrics,
            params,
            tags: [{ key: 'last', value: `${writer}` }],
          });
        await call('POST', 'runs/log-batch', { run_id: shared, metrics }); // as a client that lost the answer
      }
    });
    for (const [writer, run] of own.entries()) {
      expect(await history(shared, `m${writer}`)).toEqual(steps(BATCHES));
      expect(await history(run, `m${writer}`)).toEqual(steps(BATCHES));
    }
    const found = await call<{ run: { data: { params: unknown[]; metrics: Metric[] } } }>(
      'GET',
      `runs/get?run_id=${shared}`,
    );
    expect(found.run.data.params).toHaveLength(WRITERS * BATCHES);
    expect(found.run.data.metrics.map(({ step }) => step)).toEqual(Array(WRITERS).fill(BATCHES * POINTS - 1));
  });

  it(
    'numbers versions without a gap, and moves an alias for all who race for it',
    { timeout: TIMEOUT_MS },
    async () => {
      await call('POST', 'registered-models/create', { name: 'raced' });
      const made = await all(CREATORS, async () => {
        const versions: string[] = [];
        for (let count = 0; count < VERSIONS; count += 1) {
          const { model_version: version } = await call<{ model_version: { version: string } }>(
            'POST',
            'model-versions/create',
            { name: 'raced', source: 's3://bucket/model' },
          );
          versions.push(version.version);
          await call('POST', 'registered-models/alias', { name: 'raced', alias: 'newest', version: version.version });
        }
        return versions;
      });
      const numbers = made.flat().map(Number);
      expect(numbers.toSorted((left, right) => left - right)).toEqual(
        Array.from({ length: CREATORS * VERSIONS }, (_, index) => index + 1),
      );
      for (const versions of made) expect(versions.map(Number)).toEqual(versions.map(Number).toSorted((a, b) => a - b));
      const { registered_model: model } = await call<{
        registered_model: { aliases: { alias: string; version: string }[] };
      }>('GET', 'registered-models/get?name=raced');
      expect(model.aliases).toHaveLength(1);
      const lastOfEach = made.map((versions) => versions.at(-1));
      expect(lastOfEach).toContain(model.aliases[0]?.version); // whoever came last had made his last one
    },
  );

  it('has all that was acknowledged after a kill, and nothing twice', { timeout: TIMEOUT_MS }, async () => {
    const runs = await all(WRITERS, newRun);
    const acknowledged = runs.map(() => 0);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const killed = delay(400 + 150 * kill).then(() => slipway.kill('SIGKILL'));
      await all(WRITERS, async (writer) => {
        for (;;) {
          const metrics = batchOf(writer, acknowledged[writer] ?? 0);
          try {
            await call('POST', 'runs/log-batch', { run_id: runs[writer], metrics });
          } catch {
            return; // the server is gone
          }
          acknowledged[writer] = (acknowledged[writer] ?? 0) + 1;
        }
      });
      await killed;
      await start();
      for (const [writer, run] of runs.entries()) {
        const found = await history(run, `m${writer}`);
        const done = acknowledged[writer] ?? 0;
        expect(found.slice(0, done * POINTS)).toEqual(steps(done));
        expect([done * POINTS, (done + 1) * POINTS]).toContain(found.length); // the last one was stored, or not at all
        for (const batch of [done - 1, done])
          // what a client repeats that has no answer
          if (batch >= 0) await call('POST', 'runs/log-batch', { run_id: run, metrics: batchOf(writer, batch) });
        acknowledged[writer] = done + 1;
        expect(await history(run, `m${writer}`)).toEqual(steps(done + 1));
      }
    }
    expect(Math.min(...acknowledged)).toBeGreaterThan(KILLS);
  });
});
