import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '@slipway/kernel';
import { CONTRACT_YAML, FEATURES_YAML, sampleFiles } from '../../testing/sample-repository.ts';
import { breakingChanges } from './breaking-changes.ts';
import { diffRepository } from './diff-repository.ts';
import { EMPTY_REPOSITORY } from './feature-repository.ts';
import { digestOfFiles, parseRepository } from './parse-repository.ts';
import { ODCS_3_1_KEYS } from '../../testing/odcs-keys.ts';
import { contractDocument } from './odcs-document.ts';

const problemsOf = (files: Parameters<typeof parseRepository>[0]): readonly string[] => {
  try {
    parseRepository(files);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    expect(error.reason).toBe('REPOSITORY_INVALID');
    return error.violations.map(({ description }) => description);
  }
};
const withFeatures = (change: (text: string) => string) => problemsOf(sampleFiles(change(FEATURES_YAML)));
const withContract = (change: (text: string) => string) =>
  problemsOf(sampleFiles(FEATURES_YAML, change(CONTRACT_YAML)));

describe('reading a repository', () => {
  it('understands views, keys, windows and the contract', () => {
    const { entities, sources, views, services } = parseRepository(sampleFiles());
    expect(entities).toEqual([{ name: 'airport', description: '', joinKeys: [{ name: 'origin', type: 'string' }] }]);
    expect(sources[0]).toMatchObject({
      eventTime: 'scheduled_at',
      createdTime: 'left_at',
      fileColumns: { distance: 'miles' },
    });
    expect(sources[0]?.contract).toMatchObject({
      id: 'flights',
      version: '1.0.0',
      uniqueKey: ['flight_id'],
      notEnforced: ['flights.delay.quality[0]: mean delay (sql) is not checked row by row'],
    });
    expect(sources[0]?.contract.columns.map(({ name, type, rules }) => [name, type, rules])).toEqual([
      ['flight_id', 'string', { required: true }],
      ['origin', 'string', { required: true, pattern: '[A-Z]{3}' }],
      ['scheduled_at', 'timestamp', { required: true }],
      ['left_at', 'timestamp', { required: true }],
      ['delay', 'number', { minimum: -60, maximum: 1440 }],
      ['distance', 'integer', {}],
    ]);
    expect(views[0]).toMatchObject({ ttlMicros: 86_400_000_000, joinKeys: [{ name: 'origin', type: 'string' }] });
    expect(views[0]?.features.map(({ name, type, column, aggregation }) => [name, type, column, aggregation])).toEqual([
      ['delay_mean_1h', 'number', 'delay', { function: 'mean', windowMicros: 3_600_000_000 }],
      ['delay', 'number', 'delay', undefined],
      ['distance', 'integer', 'distance', undefined],
    ]);
    expect(services).toHaveLength(1);
  });

  it('says where each problem is, all of them at once', () => {
    const broken = FEATURES_YAML.replace('ttl: 1d', 'ttl: soon')
      .replace('{name: distance}', '{name: distance, colour: red}')
      .replace('createdTime: left_at', 'createdAt: left_at');
    expect(problemsOf(sampleFiles(broken))).toEqual([
      'features.yaml:9:5 sources[0].createdAt: is not known here',
      "features.yaml:15:10 views[0].ttl: must be 0 for no limit, or a duration such as '1d'",
      'features.yaml:19:26 views[0].features[2].colour: is not known here',
    ]);
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'entity',
      (text) => text.replace('[airport]', '[airports]'),
      "13:16 views[0].entities[0]: there is no entity 'airports'; did you mean 'airport'?",
    ],
    [
      'source',
      (text) => text.replace('source: flights', 'source: flight'),
      "there is no source 'flight'; did you mean 'flights'?",
    ],
    [
      'column',
      (text) => text.replace('column: delay,', 'column: delays,'),
      "the source has no column 'delays'; did you mean 'delay'?",
    ],
    ['aggregation', (text) => text.replace('column: delay,', 'column: origin,'), 'there is no mean of type string'],
    [
      'key type',
      (text) => text.replace('type: string', 'type: integer'),
      "join key 'origin' is of type integer, but source 'flights' has it as string",
    ],
    [
      'event time',
      (text) => text.replace('eventTime: scheduled_at', 'eventTime: delay'),
      "column 'delay' is of type number; it must be a timestamp",
    ],
    [
      'contract',
      (text) => text.replace('flights.odcs.yaml', 'flight.odcs.yaml'),
      "did you mean 'contracts/flights.odcs.yaml'?",
    ],
    [
      'service',
      (text) => text.replace('"origin_delays:distance"', '"origin_delays:distances"'),
      "view 'origin_delays' has no feature 'distances'; did you mean 'distance'?",
    ],
    ['service form', (text) => text.replace('"origin_delays:distance"', 'distance'), 'must have the form view:feature'],
    ['twice', (text) => text.replace('{name: distance}', '{name: delay}'), "'delay' is there already"],
    ['key twice', (text) => text.replace('ttl: 1d', 'ttl: 1d\n    ttl: 2d'), "has the key 'ttl' twice in one object"],
    [
      'kind',
      (text) => text.replace('kind: FeatureRepository', 'kind: Repo'),
      'features.yaml:2:7 kind: must be FeatureRepository',
    ],
    ['tag', (text) => text.replace('name: airport', 'name: !exec airport'), 'features.yaml:4:'],
    ['window', (text) => text.replace('window: 1h', 'window: 0h'), 'must be a duration'],
  ])('refuses a wrong %s', (_, change, description) => {
    expect(withFeatures(change).join('\n')).toContain(description);
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'version of the standard',
      (text) => text.replace('v3.1.0', 'v2.2.2'),
      'contracts/flights.odcs.yaml:1:13 apiVersion',
    ],
    ['missing status', (text) => text.replace('status: active\n', ''), 'status'],
    [
      'unknown key',
      (text) => text.replace('version: 1.0.0', 'version: 1.0.0\nowner: me'),
      ':5:1 owner: is not known here',
    ],
    [
      'option of another type',
      (text) => text.replace('minimum: -60', 'minLength: 1'),
      'schema[0].properties[4].logicalTypeOptions',
    ],
    [
      'logical type',
      (text) => text.replace('logicalType: number', 'logicalType: double'),
      'schema[0].properties[4].logicalType',
    ],
  ])('refuses a contract with a wrong %s', (_, change, description) => {
    expect(withContract(change).join('\n')).toContain(description);
  });

  it('survives bombs, depth and size', () => {
    const bomb = `kind: FeatureRepository\na0: &a0 [x]\n${Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`).join('\n')}`;
    expect(problemsOf([{ path: 'a.yaml', content: bomb }]).join()).toContain('aliases');
    expect(problemsOf([{ path: 'a.yaml', content: '['.repeat(100_000) }]).join()).toContain(
      'nested more than 64 levels',
    );
    const deep = Array.from({ length: 200 }, (_, at) => `${' '.repeat(at)}a:`).join('\n');
    expect(problemsOf([{ path: 'a.yaml', content: deep }]).join()).toContain('nested more than 64 levels');
    const large = { path: 'a.yaml', content: `# ${'x'.repeat(1024 * 1024 - 2)}` };
    expect(problemsOf(Array.from({ length: 4 }, (_, at) => ({ ...large, path: `${at}.yaml` }))).join()).toContain(
      'at most 3145728 together',
    );
    const started = performance.now();
    problemsOf([{ path: 'a.yaml', content: Array.from({ length: 60_000 }, (_, at) => `k${at}:`).join('\n') }]);
    expect(performance.now() - started).toBeLessThan(10_000); // comparing each key with each takes minutes
  });

  it('enforces library metrics that hold row by row, and names those that do not', () => {
    const quality = (rules: string) =>
      CONTRACT_YAML.replace(
        '{name: distance, logicalType: integer}',
        `{name: distance, logicalType: integer, quality: [${rules}]}`,
      );
    const contractOf = (rules: string) =>
      parseRepository(sampleFiles(FEATURES_YAML, quality(rules))).sources[0]?.contract;
    const rulesOf = (rules: string) => contractOf(rules)?.columns.at(-1)?.rules;
    expect(rulesOf('{metric: nullValues, mustBe: 0}')).toEqual({ required: true });
    expect(rulesOf('{metric: duplicateValues, mustBe: 0}')).toEqual({ unique: true });
    expect(rulesOf('{metric: invalidValues, arguments: {validValues: [1, 2]}, mustBe: 0}')).toEqual({
      validValues: ['1', '2'],
    });
    for (const rule of [
      '{metric: nullValues, mustBeLessThan: 5}',
      '{metric: rowCount, mustBe: 0}',
      '{metric: nullValues, mustBe: 0, mustNotBe: 1}',
    ]) {
      expect([rulesOf(rule), contractOf(rule)?.notEnforced.length]).toEqual([{}, 2]);
    }
  });

  it('knows every field of the standard', () => {
    const shapes = {
      contract: contractDocument.shape,
      object: contractDocument.shape.schema.unwrap().element.shape,
      property: contractDocument.shape.schema.unwrap().element.shape.properties.unwrap().element.shape,
    };
    for (const [name, keys] of Object.entries(ODCS_3_1_KEYS)) {
      expect(Object.keys(shapes[name as keyof typeof shapes])).toEqual(expect.arrayContaining([...keys]));
    }
  });
});

describe('changing a repository', () => {
  const before = parseRepository(sampleFiles());
  const after = (features: string, contract = CONTRACT_YAML) => parseRepository(sampleFiles(features, contract));
  const state = {
    source: 'flights',
    arrival: 1n,
    lastEventTime: 0n,
    columns: before.sources[0]?.contract.columns.map(({ name }) => name) ?? [],
  };

  it('is told in the order of kinds and names, and survives JSON', () => {
    expect(
      diffRepository(EMPTY_REPOSITORY, before).map(({ kind, name, action }) => `${action} ${kind} ${name}`),
    ).toEqual([
      'create contract flights/flights',
      'create entity airport',
      'create source flights',
      'create view origin_delays',
      'create service flight_delay',
    ]);
    expect(diffRepository(JSON.parse(JSON.stringify(before)) as typeof before, before)).toEqual([]);
    const other = after(
      FEATURES_YAML.replace('ttl: 1d', 'ttl: 2d'),
      CONTRACT_YAML.replace('maximum: 1440', 'maximum: 600'),
    );
    expect(diffRepository(before, other)).toMatchObject([
      { kind: 'contract', detail: expect.stringContaining('"maximum":600') as string },
      { kind: 'view', detail: 'ttlMicros: 86400000000 -> 172800000000' },
    ]);
  });

  it('gives a view another digest only for what decides its values', () => {
    const digestOf = (features: string) => after(features).views[0]?.digest;
    const same = digestOf(FEATURES_YAML);
    expect(digestOf(FEATURES_YAML.replace('ttl: 1d', 'ttl: 2d'))).toBe(same);
    expect(digestOf(FEATURES_YAML.replace('window: 1h', 'window: 2h'))).not.toBe(same);
    expect(digestOf(FEATURES_YAML.replace('    createdTime: left_at\n', ''))).not.toBe(same);
  });

  it('breaks nothing while there are no rows, and is refused when accepted rows could not be read', () => {
    const breaks = (features: string, contract = CONTRACT_YAML) =>
      breakingChanges(before, after(features, contract), [state]);
    const retyped = CONTRACT_YAML.replace(
      'name: distance, logicalType: integer',
      'name: distance, logicalType: number',
    );
    expect(breakingChanges(before, after(FEATURES_YAML, retyped), [])).toEqual([]);
    expect(breaks(FEATURES_YAML, retyped)).toEqual([
      "source 'flights': column 'distance' changes from integer to number, but rows were accepted",
    ]);
    expect(breaks(FEATURES_YAML.replace('    createdTime: left_at\n', ''))).toHaveLength(1);
    expect(breakingChanges(before, EMPTY_REPOSITORY, [state])).toEqual([
      "source 'flights' is gone, but rows of it were accepted",
    ]);
    const wider = `${CONTRACT_YAML}      - {name: carrier, logicalType: string}\n`;
    expect(breaks(FEATURES_YAML, wider)).toEqual([]);
    expect(
      breaks(
        FEATURES_YAML.replace('{name: distance}', '{name: carrier}').replace(', "origin_delays:distance"', ''),
        wider,
      ),
    ).toEqual(["view 'origin_delays' needs column 'carrier', which accepted rows of source 'flights' lack"]);
  });

  it('has one digest, in whatever order the files come', () => {
    expect(digestOfFiles(sampleFiles())).toBe(digestOfFiles(sampleFiles().toReversed()));
    expect(digestOfFiles(sampleFiles())).not.toBe(digestOfFiles(sampleFiles(`${FEATURES_YAML}\n`)));
  });
});
