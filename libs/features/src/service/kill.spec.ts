import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatabaseTarget } from '@slipway/persistence';
import { temporaryDirectory } from '@slipway/testing';
import { startFeatures, type FeatureInstallation } from '../testing/feature-installation.ts';
import type { KillOrder } from '../testing/kill/kill-child.ts';
import { MANIFEST, ROWS } from '../testing/kill/kill-data.ts';
import { readArtifact } from '../testing/parquet-files.ts';
import { streamOf, uploadOf } from '../testing/sample-repository.ts';

const CHILD = fileURLToPath(new URL('../testing/kill/kill-child.ts', import.meta.url));
const HEADER = { source: 'flights', format: 'FILE_FORMAT_CSV' as const };

/** The process ends by SIGKILL between two steps; the next one on the same directory has to make the same of it. */
describe('the feature store after kill -9', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let installation: FeatureInstallation | undefined;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    await installation?.stop();
    installation = undefined;
    directory.remove();
  });

  const killed = async (task: KillOrder['task'], step: string): Promise<FeatureInstallation> => {
    const target: DatabaseTarget = { driver: 'sqlite', file: join(directory.path, 'features.sqlite') };
    const order: KillOrder = { directory: directory.path, target, task, step };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    installation = await startFeatures({
      directory: directory.path,
      target,
      limits: { retiredPredictionsMs: 100, reapEveryMs: 50, repositoryRefreshMs: 0 },
      hooks: { operations: { leaseMs: 600, pollMs: 50 } },
    });
    return installation;
  };
  const ingest = ({ features }: FeatureInstallation) =>
    features.ingestRows(streamOf(uploadOf(HEADER, Buffer.from(ROWS))));

  // the commit is the second unit of work: the first one claims the files
  it.each(['checked', 'stored', 'before-commit:2'])(
    'an ingestion killed at %s left nothing to be seen',
    async (step) => {
      const { features } = await killed('ingest', step);
      expect((await features.listIngestions({})).ingestions).toEqual([]);
      expect((await features.listViews({})).views).toMatchObject([{ rows: '0' }]);
      expect(readdirSync(join(directory.path, 'features', 'scratch'))).toEqual([]);
      if (!installation) throw new Error('not started');
      const again = await ingest(installation);
      expect(again).toMatchObject({ duplicate: false, ingestion: { accepted_rows: '3', first_arrival: '1' } });
    },
  );

  it('an ingestion killed after its commit is there, whole', async () => {
    const after = await killed('ingest', 'after-commit:2');
    expect(await ingest(after)).toMatchObject({
      duplicate: true,
      ingestion: { accepted_rows: '3', quarantined_rows: '1' },
    });
    const { ingestions } = await after.features.listIngestions({});
    const { rows } = await after.features.listQuarantinedRows({ ingestion_id: ingestions[0]?.id ?? '' });
    expect(rows.map(({ row }) => row)).toEqual(['3']);
  });

  const operationOf = async ({ operations }: FeatureInstallation) =>
    (await operations.listOperations({})).operations[0];

  it.each(['joined', 'stored', 'after-commit:4'])(
    'a training set killed at %s is made by the next process',
    async (step) => {
      const next = await killed('train', step);
      const before = await operationOf(next);
      const done = await next.finished(before);
      const result = JSON.parse(done.result_json) as { id: string; rows: string };
      expect(result).toMatchObject({ name: 'q1', rows: '2', arrivals: { flights: '3' } });
      const { training_sets: sets } = await next.features.listTrainingSets({});
      expect(sets.map(({ id }) => id)).toEqual([result.id]);
      const chunks: Uint8Array[] = [];
      for await (const { chunk } of next.features.downloadTrainingSet({ id: result.id })) chunks.push(chunk);
      expect(Buffer.concat(chunks).subarray(0, 4).toString()).toBe('PAR1');
    },
  );

  it.each(['written', 'after-commit:4'])(
    'a materialization killed at %s goes on in the next process',
    async (step) => {
      const next = await killed('materialize', step);
      await next.finished(await operationOf(next));
      expect((await next.features.listViews({})).views).toMatchObject([{ online_arrival: '3' }]);
      const entities = { origin: { strings: { values: ['JFK'] } } };
      const answer = await next.features.getOnlineFeatures({ features: ['origin_delays:delay'], entities });
      expect(answer.features[0]?.values?.numbers?.values).toEqual([20]);
    },
    30_000,
  );

  // what arrives between the kill and the next process is not in the set: its rows were fixed when the operation began
  it.each(['joined', 'stored', 'before-commit:3', 'after-commit:3'])(
    'a scoring set killed at %s is made by the next process, of the rows that there were',
    async (step) => {
      const next = await killed('score', step);
      const more = Buffer.from(ROWS.replaceAll(/^a/gm, 'b'));
      await next.features.ingestRows(streamOf(uploadOf(HEADER, more)));
      const done = await next.finished(await operationOf(next));
      const result = JSON.parse(done.result_json) as { id: string; rows: string };
      expect(result).toMatchObject({ rows: '3', from_exclusive: '0', to_inclusive: '3', commit_time: null });
      const { scoring_sets: sets } = await next.features.listScoringSets({});
      expect(sets.map(({ id }) => id)).toEqual([result.id]);
      const file = await readArtifact(next.artifacts, sets[0]?.files[0]?.uri ?? '');
      expect(file.subarray(0, 4).toString()).toBe('PAR1');
    },
  );

  it.each([
    ['before-commit:1', '0'],
    ['after-commit:1', '3'],
  ])('a position whose move was killed at %s is moved once, with one event', async (step, found) => {
    const next = await killed('commit', step);
    const positions = async () => (await next.features.listPositions({})).positions.map(({ arrival }) => arrival);
    expect(await positions()).toEqual(found === '0' ? [] : [found]);
    const { scoring_sets: sets } = await next.features.listScoringSets({});
    const commit = () => next.features.commitScoringSet({ id: sets[0]?.id ?? '', manifest_uri: MANIFEST });
    expect((await commit()).position).toMatchObject({ arrival: '3' });
    expect((await commit()).position).toMatchObject({ arrival: '3' });
    expect(await positions()).toEqual(['3']);
    const select = `select event from slipway_outbox where type like '%position.committed%'`;
    expect(await next.database.read(({ sql }) => sql.all(select))).toHaveLength(1);
  });

  // commits of a load: the operation, the version, the flip
  it.each(['after-commit:2', 'loaded', 'before-commit:3', 'after-commit:3', 'shown'])(
    'a load killed at %s is completed by the next process, shown once, and the version before is dropped',
    async (step) => {
      const next = await killed('load', step);
      const read = async () => {
        const keys = { flight: { strings: { values: ['a', 'b', 'c'] } } };
        const { outputs, version } = await next.features.getPredictions({ table: 'late', keys });
        return [version, outputs['probability']?.numbers?.values];
      };
      if (!['after-commit:3', 'shown'].includes(step)) expect(await read()).toEqual(['1', [0.1, 0.1, 0]]); // nobody has seen half of it
      const { operations } = await next.operations.listOperations({});
      const unfinished = operations.find(({ state }) => /PENDING|RUNNING/.test(state));
      await next.finished(unfinished);
      expect(await read()).toEqual(['2', [0.2, 0.2, 0]]);
      const select = 'select version, state from features_prediction_version';
      const versions = () => next.database.read(({ sql }) => sql.all(select));
      for (let attempt = 0; attempt < 200 && (await versions()).length > 1; attempt += 1)
        await new Promise((resolve) => setTimeout(resolve, 25));
      expect(await versions()).toEqual([{ version: 2, state: 'served' }]);
      const events = `select event from slipway_outbox where type like '%predictions.loaded%'`;
      expect(await next.database.read(({ sql }) => sql.all(events))).toHaveLength(2);
    },
    30_000,
  );
});
