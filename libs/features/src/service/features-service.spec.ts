import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import type { Column__Output } from '@slipway/contracts/slipway.common.v1';
import { DomainError } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { freshInstallation, type FeatureInstallation } from '../testing/feature-installation.ts';
import { CONTRACT_YAML, FEATURES_YAML, sampleFiles, streamOf, uploadOf } from '../testing/sample-repository.ts';

const HEAD = 'flight_id,origin,scheduled_at,left_at,delay,miles\n';
const ROWS = `a1,JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,100
a2,JFK,2001-01-01 10:30:00,2001-01-01 10:50:00,20,200
a3,LAX,2001-01-01 10:30:00,2001-01-01 10:25:00,-5,300
a4,JFK,2001-01-01 11:00:00,2001-01-01 09:00:00,-120,300
a5,jfk,2001-01-01 11:00:00,2001-01-01 11:00:00,,300
a6,JFK,2001-01-01 11:30:00,2001-01-01 12:30:00,60,
a1,JFK,2001-01-01 11:40:00,2001-01-01 11:40:00,0,100
`;
const ENTITIES = `id,origin,at
1,JFK,2001-01-01 10:40:00
2,JFK,2001-01-01 12:00:00
3,LAX,2001-01-01 10:29:00
4,LAX,2001-01-01 10:30:00
5,SFO,2001-01-01 10:30:00
6,JFK,2001-01-02 10:30:00
7,JFK,2001-01-02 11:30:00
8,JFK,2001-01-02 11:30:01
`;
const CSV = 'FILE_FORMAT_CSV' as const;
const at = (text: string) => ({ seconds: String(Date.parse(`${text}Z`) / 1000), nanos: 0 });

describe('the feature store over DuckDB, LMDB and files', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let databases: TestDatabases;
  let installation: FeatureInstallation;
  beforeEach(async () => {
    directory = temporaryDirectory();
    databases = await sqliteDatabases();
    installation = await freshInstallation(databases, directory.path, { limits: { uploadBytesMax: 100_000 } });
    await installation.features.applyRepository({ files: sampleFiles() });
  });
  afterEach(async () => {
    await installation.stop();
    await databases.stop();
    directory.remove();
  });

  const ingest = (content: string | Uint8Array, header: object = {}) =>
    installation.features.ingestRows(
      streamOf(uploadOf({ source: 'flights', format: CSV, ...header }, Buffer.from(content as string), 50)),
    );
  const begin = async (header: object = {}, entities = ENTITIES) => {
    const all = { name: 'q1', feature_service: 'flight_delay', format: CSV, event_time_column: 'at', ...header };
    return (await installation.features.createTrainingSet(streamOf(uploadOf(all, Buffer.from(entities))))).operation;
  };
  const train = async (header: object = {}, entities = ENTITIES) => {
    const { result_json: json } = await installation.finished(await begin(header, entities));
    return JSON.parse(json) as { id: string; nulls: Record<string, string>; arrivals: Record<string, string> };
  };
  const download = async (id: string): Promise<unknown[][]> => {
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of installation.features.downloadTrainingSet({ id })) chunks.push(chunk);
    const file = join(directory.path, 'downloaded.parquet');
    writeFileSync(file, Buffer.concat(chunks));
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(`select * exclude ("at") from read_parquet('${file}')`);
    const rows = reader.getRowsJson();
    connection.closeSync();
    instance.closeSync();
    return rows;
  };
  const materialize = async () => {
    const { result_json: json } = await installation.finished(
      (await installation.features.materializeViews({})).operation,
    );
    return (JSON.parse(json) as { views: object[] }).views;
  };
  const online = async (
    asOf: string,
    keys: readonly string[],
    features = ['origin_delays:delay', 'origin_delays:distance'],
  ) => {
    const entities = { origin: { strings: { values: [...keys] } } };
    const answer = await installation.features.getOnlineFeatures({ features, entities, as_of: at(asOf) });
    return answer.features.map(({ name, statuses, values }) => ({
      name,
      statuses: statuses.map((status) => status.replace('FEATURE_STATUS_', '')),
      values: valuesOf(values),
    }));
  };
  const valuesOf = (column: Column__Output | null) => column?.numbers?.values ?? column?.integers?.values;

  it('keeps rows that break the contract aside, with field, row and reason', async () => {
    const { ingestion, duplicate } = await ingest(HEAD + ROWS);
    expect(duplicate).toBe(false);
    expect(ingestion).toMatchObject({
      accepted_rows: '4',
      quarantined_rows: '3',
      first_arrival: '1',
      contract_id: 'flights',
    });
    expect(ingestion?.breaches).toEqual([
      { column: 'origin', rule: 'pattern', rows: '1' },
      { column: 'delay', rule: 'minimum', rows: '1' },
      { column: 'flight_id', rule: 'uniqueKey', rows: '1' },
    ]);
    const id = ingestion?.id ?? '';
    const first = await installation.features.listQuarantinedRows({ ingestion_id: id, page_size: 2 });
    expect(first.rows.map(({ row, breaches }) => [row, breaches[0]?.column, breaches[0]?.rule])).toEqual([
      ['3', 'delay', 'minimum'],
      ['4', 'origin', 'pattern'],
    ]);
    expect(first.rows[0]?.breaches[0]?.reason).toContain('-120');
    expect(JSON.parse(first.rows[0]?.values_json ?? '')).toMatchObject({ flight_id: 'a4', miles: '300' });
    const rest = await installation.features.listQuarantinedRows({
      ingestion_id: id,
      page_size: 2,
      page_token: first.next_page_token,
    });
    expect([rest.rows.map(({ row }) => row), rest.next_page_token]).toEqual([['6'], '']);
    const listed = await installation.features.listIngestions({ source: 'flights' });
    expect(listed.ingestions).toEqual([ingestion]);
  });

  it('answers a file that it has seen with what became of it, also two at once', async () => {
    const both = await Promise.all([ingest(HEAD + ROWS), ingest(HEAD + ROWS)]);
    expect(both.filter(({ duplicate }) => duplicate)).toHaveLength(1);
    expect(both[0].ingestion).toEqual(both[1].ingestion);
    const more = ['b', 'c', 'd'].map((name) =>
      ingest(`${HEAD}${name},JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,1\n`),
    );
    const arrivals = (await Promise.all(more)).map(({ ingestion }) => ingestion?.first_arrival);
    expect(new Set(arrivals)).toEqual(new Set(['5', '6', '7']));
  });

  it('makes a training set that equals one made by hand, and the same one twice', async () => {
    await ingest(HEAD + ROWS);
    const set = await train();
    // mean of delays known within the hour before the row was known; nothing known later; a day of age at most, inclusive
    expect(await download(set.id)).toEqual([
      ['1', 'JFK', 10, '100'],
      ['2', 'JFK', 15, '200'],
      ['3', 'LAX', null, null],
      ['4', 'LAX', -5, '300'],
      ['5', 'SFO', null, null],
      ['6', 'JFK', 60, null],
      ['7', 'JFK', 60, null],
      ['8', 'JFK', null, null],
    ]);
    expect(set.nulls).toMatchObject({ delay_mean_1h: '3', distance: '5' });
    expect(set.arrivals).toEqual({ flights: '4' });
    expect((await train({ name: 'again' })).id).toBe(set.id);
    const { training_set: stored } = await installation.features.getTrainingSet({ id: set.id });
    expect(stored).toMatchObject({ name: 'q1', created_cutoff: true, rows: '8' });
    expect((await installation.features.listTrainingSets({})).training_sets).toEqual([stored]);
    const leaky = await train({ ignore_created_time: true });
    expect((await download(leaky.id))[1]).toEqual(['2', 'JFK', 60, null]); // the flight of 11:30 left at 12:30
  });

  it('brings late rows and corrections to training and serving alike, with all four statuses', async () => {
    await ingest(HEAD + ROWS);
    expect(await materialize()).toEqual([{ view: 'origin_delays', arrival: '4', keys: '2', stored: '2' }]);
    expect(await online('2001-01-02T11:00:00', ['JFK', 'LAX', 'SFO'])).toEqual([
      { name: 'origin_delays:delay', statuses: ['PRESENT', 'OUTSIDE_MAX_AGE', 'NOT_FOUND'], values: [60, -5, 0] },
      {
        name: 'origin_delays:distance',
        statuses: ['NULL_VALUE', 'OUTSIDE_MAX_AGE', 'NOT_FOUND'],
        values: ['0', '300', '0'],
      },
    ]);
    const statuses = async (time: string) => (await online(time, ['LAX']))[0]?.statuses;
    expect(await statuses('2001-01-02T10:30:00')).toEqual(['PRESENT']); // the bound itself
    expect(await statuses('2001-01-02T10:30:01')).toEqual(['OUTSIDE_MAX_AGE']);
    // a correction of the newest row, and a late row for an airport that had none
    await ingest(
      `${HEAD}c6,JFK,2001-01-01 11:30:00,2001-01-01 13:00:00,90,\nc7,SFO,2001-01-01 10:00:00,2001-01-01 10:07:00,7,50\n`,
    );
    await ingest(`${HEAD}c8,LAX,2001-01-01 09:00:00,2001-01-01 09:00:00,1,50\n`); // older than what counts
    expect(await materialize()).toEqual([{ view: 'origin_delays', arrival: '7', keys: '3', stored: '3' }]);
    expect(await online('2001-01-01T14:00:00', ['JFK', 'SFO', 'LAX'], ['origin_delays:delay'])).toEqual([
      { name: 'origin_delays:delay', statuses: ['PRESENT', 'PRESENT', 'PRESENT'], values: [90, 7, -5] },
    ]);
    const rows = await download(
      (
        await train(
          { feature_service: '', features: ['origin_delays:delay'] },
          'origin,at\nJFK,2001-01-01 14:00:00\nSFO,2001-01-01 14:00:00\n',
        )
      ).id,
    );
    expect(rows).toEqual([
      ['JFK', 90],
      ['SFO', 7],
    ]);
    expect(await materialize()).toEqual([{ view: 'origin_delays', arrival: '7', keys: '0', stored: '0' }]);
    const { views } = await installation.features.listViews({});
    expect(views).toMatchObject([{ rows: '7', online_arrival: '7', view: { ttl_micros: '86400000000' } }]);
  });

  it('brings a late row inside the window of a newer one online, as training sees it', async () => {
    await ingest(`${HEAD}n1,JFK,2001-01-01 11:30:00,2001-01-01 13:00:00,90,\n`);
    const mean = ['origin_delays:delay_mean_1h'];
    const both = async (): Promise<unknown[]> => {
      await materialize();
      const [at14] = await online('2001-01-01T14:00:00', ['JFK'], mean);
      const set = await train({ feature_service: '', features: mean }, 'origin,at\nJFK,2001-01-01 14:00:00\n');
      return [at14?.values?.[0], (await download(set.id))[0]?.[1]];
    };
    expect(await both()).toEqual([90, 90]);
    await ingest(`${HEAD}n2,JFK,2001-01-01 11:00:00,2001-01-01 12:30:00,30,\n`); // known within the hour before n1 was
    expect(await both()).toEqual([60, 60]);
  });

  it('starts a view anew when its definition changes, and reads nothing until then', async () => {
    await ingest(HEAD + ROWS);
    await materialize();
    const changed = FEATURES_YAML.replace('window: 1h', 'window: 3h');
    const { changes } = await installation.features.applyRepository({ files: sampleFiles(changed) });
    expect(changes.map(({ kind, name }) => `${kind}/${name}`)).toEqual(['view/origin_delays']);
    expect((await online('2001-01-01T14:00:00', ['JFK']))[0]?.statuses).toEqual(['NOT_FOUND']);
    expect(await materialize()).toEqual([{ view: 'origin_delays', arrival: '4', keys: '2', stored: '2' }]);
    const mean = await online('2001-01-01T14:00:00', ['JFK'], ['origin_delays:delay_mean_1h']);
    expect(mean).toMatchObject([{ statuses: ['PRESENT'], values: [30] }]);
  });

  it('refuses with the words of the contract', async () => {
    const { features } = installation;
    await ingest(HEAD + ROWS);
    const broken = CONTRACT_YAML.replace('name: distance, logicalType: integer', 'name: distance, logicalType: string');
    const keys = { origin: { strings: { values: ['JFK'] } } };
    const delay = ['origin_delays:delay'];
    const refusals: [() => Promise<unknown>, string, string, string][] = [
      [
        () => features.applyRepository({ files: [{ path: 'a.yaml', content: 'kind: [' }] }),
        'invalid-argument',
        'REPOSITORY_INVALID',
        'a.yaml:1:',
      ],
      [
        () => features.applyRepository({ files: sampleFiles(FEATURES_YAML, broken) }),
        'failed-precondition',
        'REPOSITORY_BREAKING_CHANGE',
        'distance',
      ],
      [() => features.getRepository({ revision: '9' }), 'not-found', 'REPOSITORY_NOT_FOUND', '9'],
      [() => installation.connect('other').getRepository({}), 'not-found', 'REPOSITORY_NOT_FOUND', 'no repository'],
      [() => ingest(HEAD + ROWS, { source: 'flight' }), 'not-found', 'SOURCE_NOT_FOUND', "did you mean 'flights'"],
      [() => ingest('a,b\n1,2\n'), 'invalid-argument', 'FILE_INVALID', 'flight_id'],
      [() => ingest('no parquet', { format: 'FILE_FORMAT_PARQUET' }), 'invalid-argument', 'FILE_INVALID', 'the file'],
      [() => ingest(HEAD, { sha256: 'f'.repeat(64) }), 'invalid-argument', 'UPLOAD_DIGEST_MISMATCH', 'announced'],
      [() => ingest(''), 'invalid-argument', 'UPLOAD_INCOMPLETE', 'chunk'],
      [() => features.ingestRows(streamOf([{ chunk: Buffer.of(1) }])), 'invalid-argument', 'UPLOAD_ORDER', 'header'],
      [() => ingest('x'.repeat(100_001)), 'exhausted', 'UPLOAD_TOO_LARGE', '100000'],
      [() => ingest(HEAD, { format: 'FILE_FORMAT_UNSPECIFIED' }), 'invalid-argument', 'INVALID_ARGUMENT', 'format'],
      [() => features.getIngestion({ id: 'x' }), 'not-found', 'INGESTION_NOT_FOUND', 'x'],
      [() => features.listQuarantinedRows({ ingestion_id: 'x' }), 'not-found', 'INGESTION_NOT_FOUND', 'x'],
      [
        () => begin({ feature_service: 'flight_dela' }),
        'not-found',
        'FEATURE_SERVICE_NOT_FOUND',
        "did you mean 'flight_delay'",
      ],
      [() => begin({ features: delay }), 'invalid-argument', 'FEATURES_INVALID', 'feature_service'],
      [
        () => begin({ feature_service: '', features: ['origin_delay:delays'] }),
        'invalid-argument',
        'FEATURES_INVALID',
        "did you mean 'origin_delays'",
      ],
      [
        () => begin({ feature_service: '', features: ['origin_delays:delays'] }),
        'invalid-argument',
        'FEATURES_INVALID',
        "did you mean 'delay'",
      ],
      [() => begin({ event_time_column: 'origin' }), 'invalid-argument', 'ENTITY_COLUMNS_INVALID', 'timestamp'],
      [
        () => begin({}, 'id,at\n1,2001-01-01 00:00:00\n'),
        'invalid-argument',
        'ENTITY_COLUMNS_INVALID',
        "join key 'origin'",
      ],
      [
        () => begin({ key_columns: { orgin: 'a' } }),
        'invalid-argument',
        'ENTITY_COLUMNS_INVALID',
        "did you mean 'origin'",
      ],
      [
        () => begin({}, 'distance,origin,at\n1,JFK,2001-01-01 00:00:00\n'),
        'invalid-argument',
        'FEATURE_NAMES_COLLIDE',
        "'origin_delays:distance' and column 'distance'",
      ],
      [() => begin({ format: 'FILE_FORMAT_PARQUET' }), 'invalid-argument', 'FILE_INVALID', 'the file'],
      [() => features.getTrainingSet({ id: 'f'.repeat(64) }), 'not-found', 'TRAINING_SET_NOT_FOUND', 'f'],
      [
        () => features.materializeViews({ views: ['origin_delay'] }),
        'not-found',
        'VIEW_NOT_FOUND',
        "did you mean 'origin_delays'",
      ],
      [
        () => features.getOnlineFeatures({ features: delay, entities: { x: keys.origin } }),
        'invalid-argument',
        'JOIN_KEYS_INVALID',
        "view 'origin_delays' needs the join key 'origin'",
      ],
      [
        () => features.getOnlineFeatures({ features: delay, entities: { origin: { integers: { values: ['1'] } } } }),
        'invalid-argument',
        'JOIN_KEYS_INVALID',
        'is of type integer',
      ],
      [
        () =>
          features.getOnlineFeatures({
            features: delay,
            entities: { ...keys, x: { strings: { values: ['a', 'b'] } } },
          }),
        'invalid-argument',
        'JOIN_KEYS_INVALID',
        'same length',
      ],
      [
        () => features.getOnlineFeatures({ features: delay, entities: { origin: {} } }),
        'invalid-argument',
        'JOIN_KEYS_INVALID',
        'no values',
      ],
      [() => features.getOnlineFeatures({ entities: keys }), 'invalid-argument', 'FEATURES_INVALID', 'features'],
      [() => features.listViews({ page_token: 'x' }), 'invalid-argument', 'PAGE_TOKEN_INVALID', 'token'],
    ];
    for (const [refused, kind, reason, text] of refusals) {
      const error: unknown = await refused().then(
        () => new Error(`${reason} was not refused`),
        (thrown: unknown) => thrown,
      );
      expect(error, reason).toBeInstanceOf(DomainError);
      expect({ kind: (error as DomainError).kind, reason: (error as DomainError).reason }).toEqual({ kind, reason });
      expect((error as DomainError).message).toContain(text);
      expect((error as DomainError).message).not.toContain(directory.path);
    }
    expect((await features.listIngestions({})).ingestions).toHaveLength(1);
  });

  it('keeps workspaces apart and answers repeats with the first answer', async () => {
    const other = installation.connect('other');
    await other.applyRepository({ files: sampleFiles() });
    const first = await ingest(HEAD + ROWS, { request_id: 'r1' });
    expect(await ingest(`${HEAD}x,JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,1\n`, { request_id: 'r1' })).toEqual(
      first,
    );
    expect((await other.listIngestions({})).ingestions).toEqual([]);
    expect((await other.listViews({})).views).toMatchObject([{ rows: '0' }]);
    const [one, two] = [await begin({ request_id: 't' }), await begin({ request_id: 't' })];
    expect(two?.id).toBe(one?.id);
    await installation.finished(one);
    const again = await installation.features.applyRepository({ files: sampleFiles(), request_id: 'a' });
    expect([again.revision?.revision, again.changes]).toEqual(['1', []]);
  });

  it('plans without applying, and deletes what is not in the files', async () => {
    const { features } = installation;
    const without = FEATURES_YAML.slice(0, FEATURES_YAML.indexOf('services:'));
    const dry = await features.applyRepository({ files: sampleFiles(without), dry_run: true });
    expect(dry.revision?.revision).toBe('2');
    expect(dry.changes).toMatchObject([{ kind: 'service', name: 'flight_delay', action: 'REPOSITORY_ACTION_DELETE' }]);
    expect((await features.getRepository({})).revision?.revision).toBe('1');
    await features.applyRepository({ files: sampleFiles(without) });
    const { revision, services, views } = await features.getRepository({});
    expect([revision?.revision, services, views[0]?.features[2]?.type]).toEqual(['2', [], 'COLUMN_TYPE_INTEGER']);
    const revisions = await features.listRepositoryRevisions({ page_size: 1 });
    expect(revisions.revisions.map((each) => each.revision)).toEqual(['2']);
    const older = await features.listRepositoryRevisions({ page_size: 1, page_token: revisions.next_page_token });
    expect(older).toMatchObject({ revisions: [{ revision: '1' }], next_page_token: '' });
  });
});
