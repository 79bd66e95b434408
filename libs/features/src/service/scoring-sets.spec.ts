import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScoringSet__Output } from '@slipway/contracts/slipway.features.v1';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { temporaryDirectory } from '@slipway/testing';
import { freshInstallation, type FeatureInstallation } from '../testing/feature-installation.ts';
import { openParquetFiles, readArtifact, type ParquetFiles } from '../testing/parquet-files.ts';
import { refusal } from '../testing/prediction-bench.ts';
import { CONTRACT_YAML, FEATURES_YAML, sampleFiles, streamOf, uploadOf } from '../testing/sample-repository.ts';

const HEAD = 'flight_id,origin,scheduled_at,left_at,delay,miles\n';
// a1 and a2 are known when a3 is due, a2 has left only after a4 was due
const FIRST = `a1,JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,100
a2,JFK,2001-01-01 10:30:00,2001-01-01 10:50:00,20,200
a3,JFK,2001-01-01 11:00:00,2001-01-01 11:30:00,30,300
`;
const SECOND = `a4,JFK,2001-01-01 10:40:00,2001-01-01 12:00:00,80,
a5,LAX,2001-01-01 12:00:00,2001-01-01 12:00:00,0,500
`;
const FEATURES = ['origin_delays:delay_mean_1h', 'origin_delays:distance'];
const at = (text: string) => ({ seconds: String(Date.parse(`${text}Z`) / 1000), nanos: 0 });

describe('scoring sets', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let databases: TestDatabases;
  let installation: FeatureInstallation;
  let parquet: ParquetFiles;
  beforeEach(async () => {
    directory = temporaryDirectory();
    databases = await sqliteDatabases();
    installation = await freshInstallation(databases, directory.path);
    parquet = await openParquetFiles(directory.path);
    await installation.features.applyRepository({ files: sampleFiles() });
  });
  afterEach(async () => {
    parquet.close();
    await installation.stop();
    await databases.stop();
    directory.remove();
  });

  const ingest = (rows: string) =>
    installation.features.ingestRows(
      streamOf(uploadOf({ source: 'flights', format: 'FILE_FORMAT_CSV' as const }, Buffer.from(HEAD + rows))),
    );
  const create = async (request: object = {}): Promise<ScoringSet__Output> => {
    const ask = { consumer: 'nightly', source: 'flights', features: FEATURES, ...request };
    const { operation } = await installation.features.createScoringSet(ask);
    const { result_json: json, result_type: type } = await installation.finished(operation);
    expect(type).toBe('slipway.features.v1.ScoringSet');
    const { scoring_set: set } = await installation.features.getScoringSet({
      id: (JSON.parse(json) as { id: string }).id,
    });
    if (!set) throw new Error('no scoring set');
    return set;
  };
  const fileOf = async (set: ScoringSet__Output): Promise<string> => {
    expect(set.files).toHaveLength(1);
    return parquet.save(await readArtifact(installation.artifacts, set.files[0]?.uri ?? ''));
  };
  const commit = (set: ScoringSet__Output, manifest = 'artifact:default/out/1') =>
    installation.features.commitScoringSet({ id: set.id, manifest_uri: manifest });
  it('have the rows after the position in the order of arrival, all columns, and features known at their time', async () => {
    await ingest(FIRST);
    await ingest(SECOND);
    const set = await create();
    expect(set).toMatchObject({
      consumer: 'nightly',
      source: 'flights',
      from_exclusive: '0',
      to_inclusive: '5',
      rows: '5',
      repository_revision: '1',
      commit_time: null,
      manifest_uri: '',
    });
    expect(set.columns.map(({ name, type }) => `${name} ${type.replace('COLUMN_TYPE_', '')}`)).toEqual([
      'flight_id STRING',
      'origin STRING',
      'scheduled_at TIMESTAMP',
      'left_at TIMESTAMP',
      'delay NUMBER',
      'distance INTEGER',
      'arrival INTEGER',
      'origin_delays__delay_mean_1h NUMBER',
      'origin_delays__distance INTEGER',
    ]);
    const file = await fileOf(set);
    const columns = 'flight_id, delay, arrival, origin_delays__delay_mean_1h, origin_delays__distance';
    expect(await parquet.rows(`select ${columns} from '${file}'`)).toEqual([
      ['a1', 10, '1', null, null],
      ['a2', 20, '2', 10, '100'],
      ['a3', 30, '3', 15, '200'],
      ['a4', 80, '4', 10, '100'], // a2 left ten minutes later
      ['a5', 0, '5', 0, '500'], // itself: known as it was due
    ]);
  });

  it('equal the training set that is made of the same rows', async () => {
    await ingest(FIRST);
    await ingest(SECOND);
    const set = await create();
    const plain = await parquet.write(
      `select * exclude (origin_delays__delay_mean_1h, origin_delays__distance) from '${await fileOf(set)}'`,
    );
    const header = {
      name: 'same',
      features: FEATURES,
      format: 'FILE_FORMAT_PARQUET' as const,
      event_time_column: 'scheduled_at',
      full_feature_names: true,
    };
    const begun = await installation.features.createTrainingSet(streamOf(uploadOf({ ...header }, readFileSync(plain))));
    const { result_json: json } = await installation.finished(begun.operation);
    expect((JSON.parse(json) as { id: string }).id).toBe(set.content_sha256);
  });

  it('begin where the commit before ended, and see what arrived since', async () => {
    await ingest(FIRST);
    const first = await create();
    const done = await commit(first);
    expect(done.position).toMatchObject({ consumer: 'nightly', source: 'flights', arrival: '3', newest_arrival: '3' });
    expect(done.scoring_set).toMatchObject({ id: first.id, manifest_uri: 'artifact:default/out/1' });
    expect(done.scoring_set?.commit_time).toEqual(done.position?.update_time);
    await ingest(SECOND);
    const second = await create();
    expect(second).toMatchObject({ from_exclusive: '3', to_inclusive: '5', rows: '2' });
    expect(await parquet.rows(`select flight_id from '${await fileOf(second)}'`)).toEqual([['a4'], ['a5']]);
    const { positions } = await installation.features.listPositions({});
    expect(positions).toMatchObject([{ consumer: 'nightly', source: 'flights', arrival: '3', newest_arrival: '5' }]);
    const other = await create({ consumer: 'other' }); // each consumer has a position of its own
    expect(other).toMatchObject({ from_exclusive: '0', to_inclusive: '5' });
    const { scoring_sets: sets } = await installation.features.listScoringSets({ consumer: 'nightly' });
    expect(sets.map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it('end at rows_max, or before the first row that is not before until', async () => {
    await ingest(FIRST + SECOND);
    expect(await create({ rows_max: 2 })).toMatchObject({ to_inclusive: '2', rows: '2' });
    expect(await create({ rows_max: 9 })).toMatchObject({ to_inclusive: '5' });
    // a4 is earlier, but comes after a3
    expect(await create({ until: at('2001-01-01T11:00:00') })).toMatchObject({ to_inclusive: '2', rows: '2' });
    expect(await create({ until: at('2001-01-01T11:00:01') })).toMatchObject({ to_inclusive: '4', rows: '4' });
    expect(await create({ until: at('2001-01-01T11:00:01'), rows_max: 3 })).toMatchObject({ to_inclusive: '3' });
  });

  it('may be empty, without files, and such a one can be committed', async () => {
    const empty = await create();
    const nothing = { from_exclusive: '0', to_inclusive: '0', rows: '0', files: [] };
    expect(empty).toMatchObject(nothing);
    await ingest(FIRST);
    const before = await create({ until: at('2001-01-01T10:00:00') });
    expect(before).toMatchObject(nothing);
    expect(before.content_sha256).toBe(empty.content_sha256);
    expect((await commit(before)).position).toMatchObject({ arrival: '0', newest_arrival: '3' });
    const all = await create();
    await commit(all);
    expect(await create()).toMatchObject({ from_exclusive: '3', to_inclusive: '3', rows: '0', files: [] });
  });

  it('move the position once: a repeat changes nothing, other results are refused, and so is a set from elsewhere', async () => {
    await ingest(FIRST);
    const [one, two] = [await create(), await create({ rows_max: 1 })];
    const first = await commit(one);
    await ingest(SECOND);
    const again = await commit(one);
    expect(again.scoring_set).toEqual(first.scoring_set);
    expect(again.position).toEqual({ ...first.position, newest_arrival: '5' });
    const other = await refusal(commit(one, 'artifact:default/out/2'));
    expect(other).toMatchObject({ kind: 'failed-precondition', reason: 'SCORING_SET_COMMITTED' });
    expect(other.facts['manifest_uri']).toBe('artifact:default/out/1');
    const moved = await refusal(commit(two));
    expect(moved).toMatchObject({ kind: 'conflict', reason: 'POSITION_MOVED' });
    expect(moved.facts).toMatchObject({ consumer: 'nightly', source: 'flights', position: '3', from_exclusive: '0' });
    const outbox = await installation.database.read(({ sql }) =>
      sql.all<{ event: string }>(`select event from slipway_outbox where type like '%position.committed%'`),
    );
    expect(outbox.map(({ event }) => (JSON.parse(event) as { data: unknown }).data)).toEqual([
      {
        consumer: 'nightly',
        source: 'flights',
        from_exclusive: '0',
        to_inclusive: '3',
        scoring_set_id: one.id,
        manifest_uri: 'artifact:default/out/1',
        principal: 'alice',
      },
    ]);
  });

  it('of two that begin at the same row one is committed, whatever the interleaving', async () => {
    await ingest(FIRST);
    for (const consumer of ['c1', 'c2', 'c3', 'c4']) {
      const sets = await Promise.all([create({ consumer }), create({ consumer, rows_max: 2 })]);
      const ends = await Promise.allSettled(sets.map((set, index) => commit(set, `artifact:default/out/${index}`)));
      expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const failed = ends.find((end) => end.status === 'rejected');
      expect(failed?.reason).toMatchObject({ reason: 'POSITION_MOVED' });
      const winner = sets[ends.findIndex(({ status }) => status === 'fulfilled')];
      const { positions } = await installation.features.listPositions({ consumer });
      expect(positions).toMatchObject([{ arrival: winner?.to_inclusive }]);
    }
    const first = await installation.features.listPositions({ page_size: 3 });
    const rest = await installation.features.listPositions({ page_size: 3, page_token: first.next_page_token });
    const names = [...first.positions, ...rest.positions].map(({ consumer }) => consumer);
    expect([names, rest.next_page_token]).toEqual([['c1', 'c2', 'c3', 'c4'], '']);
  });

  it('are answered with the first operation when the request is repeated', async () => {
    await ingest(FIRST);
    const ask = { consumer: 'nightly', source: 'flights', request_id: 'r' };
    const first = (await installation.features.createScoringSet(ask)).operation;
    await installation.finished(first);
    await ingest(SECOND);
    const again = (await installation.features.createScoringSet(ask)).operation;
    expect(again?.id).toBe(first?.id);
    expect(JSON.parse(again?.result_json ?? '')).toMatchObject({ to_inclusive: '3' });
  });

  it('keep workspaces apart', async () => {
    await ingest(FIRST);
    const set = await create();
    const other = installation.connect('other');
    await other.applyRepository({ files: sampleFiles() });
    expect(await refusal(other.getScoringSet({ id: set.id }))).toMatchObject({ reason: 'SCORING_SET_NOT_FOUND' });
    const foreign = other.commitScoringSet({ id: set.id, manifest_uri: 'x' });
    expect(await refusal(foreign)).toMatchObject({ reason: 'SCORING_SET_NOT_FOUND' });
    expect((await other.listScoringSets({})).scoring_sets).toEqual([]);
    await commit(set);
    expect((await other.listPositions({})).positions).toEqual([]);
  });

  it('are refused with field and fix', async () => {
    const { features } = installation;
    const ask = (request: object) => features.createScoringSet({ consumer: 'c', source: 'flights', ...request });
    const refused = async (request: object) => {
      const { kind, reason, message } = await refusal(ask(request));
      return `${kind} ${reason} ${message}`;
    };
    expect(await refused({ source: 'flight' })).toMatch(/^not-found SOURCE_NOT_FOUND .*did you mean 'flights'/);
    expect(await refused({ features: ['origin_delays:dela'] })).toMatch(/FEATURES_INVALID .*did you mean 'delay'/);
    const keyless = FEATURES_YAML.replace(
      'joinKeys: [{name: origin, type: string}]',
      'joinKeys: [{name: flight_id, type: string}]',
    ).replace('sources:', 'sources:\n  - {name: plans, contract: contracts/plans.odcs.yaml, eventTime: due}');
    const plans = CONTRACT_YAML.replace('id: flights', 'id: plans')
      .replace('name: flights', 'name: plans')
      .split('\n')
      .filter((line) => !/quality|mean delay|origin|left_at|delay|logicalType: number|Options/.test(line))
      .join('\n')
      .replaceAll('scheduled_at', 'due')
      .replace('flight_id', 'flight');
    await features.applyRepository({
      files: [...sampleFiles(keyless), { path: 'contracts/plans.odcs.yaml', content: plans }],
    });
    expect(await refused({ source: 'plans', features: ['origin_delays:delay'] })).toMatch(
      /invalid-argument SOURCE_COLUMNS_INVALID .*features\[0\]: view 'origin_delays' needs join key 'flight_id' of type string; source 'plans' has no such column; did you mean 'flight'/,
    );
    const named = plans.replace('name: distance', 'name: arrival');
    await features.applyRepository({
      files: [...sampleFiles(keyless), { path: 'contracts/plans.odcs.yaml', content: named }],
    });
    expect(await refused({ source: 'plans' })).toMatch(
      /FEATURE_NAMES_COLLIDE .*source: column 'arrival' of source 'plans' and the arrival number would both be column 'arrival'/,
    );
    expect(await refusal(features.getScoringSet({ id: 'x' }))).toMatchObject({ reason: 'SCORING_SET_NOT_FOUND' });
  });
});
