import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import type { UnitOfWork } from '@slipway/persistence';
import type { FeatureDependencies } from '../domain/dependencies.ts';
import { beginVersion, showVersion } from '../domain/predictions/prediction-versions.ts';
import type { PredictionLoad, PredictionVersion } from '../domain/predictions/prediction-table.ts';
import type { ScoringSet } from '../domain/scoring/scoring-set.ts';
import type { Call, FeatureUnitOfWork } from '../domain/unit-of-work.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { blobLedger } from '../store/blob-claims.ts';
import { featureEntities } from '../store/entities.ts';
import { createFeatureUnitOfWork } from '../store/feature-unit-of-work.ts';
import { featureMigrations } from '../store/migrations/feature-migrations.ts';
import { predictionLedger } from '../store/prediction-store.ts';

const callIn = (workspace: string): Call => ({
  caller: { principal: 'alice', workspace, allWorkspaces: false, permissions: new Set(['*']) },
  requestId: 'call',
});
const CALL = callIn('default');
const digest = (letter: string): string => letter.repeat(64);
const INT64_MAX = 2n ** 63n - 1n;
const ALL = { pageSize: 10, pageToken: '' };

const setOf = (id: string, consumer: string): ScoringSet => ({
  id,
  consumer,
  source: 'flights',
  fromExclusive: 0n,
  toInclusive: INT64_MAX,
  features: ['v:f'],
  columns: [{ name: 'f', type: 'number' }],
  rows: INT64_MAX,
  files: [{ sha256: digest('b'), bytes: 2 ** 40, rows: 3 }],
  contentSha256: digest('c'),
  repositoryRevision: 1n,
  principal: 'alice',
  createTime: 5n,
  commit: undefined,
});

const loadOf = (manifestUri: string, change: Partial<PredictionLoad> = {}): PredictionLoad => ({
  table: 'late',
  manifestUri,
  files: [],
  keys: [
    { name: 'b', type: 'string' },
    { name: 'a', type: 'integer' },
  ],
  outputs: ['p', 'q'],
  timeColumn: 't',
  fallback: { p: -1e300 },
  ...change,
});

/** What scoring sets, positions and stored predictions ask of a database. */
export function scoringStoreSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`scoring sets and stored predictions: ${name}`, () => {
    let databases: TestDatabases;
    let unitOfWork: FeatureUnitOfWork;
    let plain: UnitOfWork;
    let close: () => Promise<void>;
    let deps: FeatureDependencies;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      const options = { entities: featureEntities, migrations: featureMigrations };
      const opened = await openTestDatabase(await databases.fresh(), options);
      plain = opened.unitOfWork;
      unitOfWork = createFeatureUnitOfWork(plain, encodeFact);
      deps = { unitOfWork } as FeatureDependencies; // the two use cases below ask for nothing else
      close = () => opened.database.close();
    });
    afterEach(() => close());

    const begin = async (load: PredictionLoad, operation: string): Promise<PredictionVersion> => {
      const begun = await beginVersion(CALL, load, deps, operation);
      if ('version' in begun) return begun.version;
      throw new Error('was loaded before');
    };
    const states = () =>
      unitOfWork.read(CALL.caller, async ({ predictions }) =>
        (await predictions.versions('late')).map(({ version, state }) => `${version} ${state}`),
      );

    it('keeps scoring sets and positions exactly, by consumer, and workspaces apart', async () => {
      const sets = [setOf('1', 'a'), setOf('2', 'b'), { ...setOf('3', 'a'), files: [] }];
      const time = { time: 9n, manifestUri: 'm' };
      const position = { consumer: 'a', source: 'flights', arrival: 1n, updateTime: 3n };
      await unitOfWork.run(CALL, async (tx) => {
        for (const set of sets) await tx.scoringSets.insert(set);
        await tx.scoringSets.markCommitted('2', time);
        await tx.positions.put(position);
        await tx.positions.put({ ...position, arrival: INT64_MAX });
        await tx.positions.put({ ...position, source: 'delays' });
        await tx.positions.put({ ...position, consumer: 'b' });
      });
      await unitOfWork.read(CALL.caller, async ({ scoringSets, positions }) => {
        expect([await scoringSets.get('1'), await scoringSets.get('2')]).toEqual([
          sets[0],
          { ...sets[1], commit: time },
        ]);
        expect((await scoringSets.list('a', ALL)).items.map(({ id }) => id)).toEqual(['3', '1']);
        expect((await scoringSets.list(undefined, ALL)).items.map(({ id }) => id)).toEqual(['3', '2', '1']);
        expect(await positions.get('a', 'flights')).toEqual({ ...position, arrival: INT64_MAX });
        const found: string[] = [];
        for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
          const page: Awaited<ReturnType<typeof positions.list>> = await positions.list(undefined, {
            pageSize: 1,
            pageToken,
          });
          found.push(...page.items.map(({ consumer, source }) => `${consumer} ${source}`));
          pageToken = page.nextPageToken;
        }
        expect(found).toEqual(['a delays', 'a flights', 'b flights']);
        expect((await positions.list('b', ALL)).items).toHaveLength(1);
      });
      await unitOfWork.read({ workspace: 'other' }, async ({ scoringSets, positions }) => {
        expect(await scoringSets.get('1')).toBeUndefined();
        expect([(await scoringSets.list(undefined, ALL)).items, (await positions.list(undefined, ALL)).items]).toEqual([
          [],
          [],
        ]);
      });
    });

    it('does not let the sweeper take the file of a scoring set', async () => {
      const before = INT64_MAX;
      await unitOfWork.run(CALL, async (tx) => {
        await tx.blobs.claim([digest('a'), digest('b')]);
        await tx.scoringSets.insert(setOf('1', 'a')); // names b
      });
      const ledger = blobLedger(plain, CALL);
      expect(await ledger.unused(before, 10)).toEqual([{ workspace: 'default', sha256: digest('a') }]);
      expect(await ledger.drop({ workspace: 'default', sha256: digest('b') }, before, () => Promise.resolve())).toBe(
        false,
      );
    });

    it('shows loads in the order in which they began, each manifest once', async () => {
      const first = await begin(loadOf('m1'), 'o1');
      expect(await begin(loadOf('m1'), 'o1')).toEqual(first); // its own back
      const second = await begin(loadOf('m2'), 'o2');
      const shown = await showVersion(CALL, { load: loadOf('m2'), version: second, rows: 2n }, deps);
      expect(shown).toMatchObject({ version: 2n, manifestUri: 'm2', rows: 2n, fallback: { p: -1e300 } });
      const overtaken = await showVersion(CALL, { load: loadOf('m1'), version: first, rows: 1n }, deps);
      expect(overtaken).toEqual(shown);
      expect(await states()).toEqual(['1 retired', '2 served']);
      expect(await beginVersion(CALL, loadOf('m1'), deps, 'o3')).toEqual({ served: shown });
      const third = await begin(loadOf('m3'), 'o3');
      await showVersion(CALL, { load: loadOf('m3'), version: third, rows: 3n }, deps);
      expect(await states()).toEqual(['1 retired', '2 retired', '3 served']);
      const events = await plain.read(({ sql }) => sql.all('select event from slipway_outbox'));
      expect(events).toHaveLength(2);
    });

    it('gives a manifest that is begun again to the later operation, and the earlier one cannot show it', async () => {
      const first = await begin(loadOf('m1'), 'o1');
      const second = await begin(loadOf('m1'), 'o2');
      expect([second.version, second.onlineSchema === first.onlineSchema]).toEqual([2n, false]);
      const late = showVersion(CALL, { load: loadOf('m1'), version: first, rows: 1n }, deps);
      await expect(late).rejects.toMatchObject({ kind: 'conflict', reason: 'PREDICTION_LOAD_TAKEN_OVER' });
      await showVersion(CALL, { load: loadOf('m1'), version: second, rows: 1n }, deps);
      expect(await states()).toEqual(['1 retired', '2 served']);
    });

    it('keeps keys and outputs of a table for good, in the order of the first load', async () => {
      const first = await begin(loadOf('m1'), 'o1');
      const wrong = await begin(loadOf('m2', { outputs: ['p'] }), 'o2'); // nothing is served yet to compare with
      await showVersion(CALL, { load: loadOf('m1'), version: first, rows: 1n }, deps);
      const refused = showVersion(CALL, { load: loadOf('m2', { outputs: ['p'] }), version: wrong, rows: 1n }, deps);
      await expect(refused).rejects.toMatchObject({ reason: 'PREDICTION_TABLE_MISMATCH' });
      const turned = loadOf('m3', { keys: loadOf('m3').keys.toReversed(), outputs: ['q', 'p'] });
      expect(await begin(turned, 'o3')).toMatchObject({ keys: loadOf('').keys, outputs: ['p', 'q'] });
      const other = loadOf('m4', { keys: [{ name: 'a', type: 'integer' }] });
      await expect(begin(other, 'o4')).rejects.toMatchObject({ kind: 'failed-precondition' });
    });

    it('finds versions that no operation loads any more, and retired ones by age', async () => {
      const ledger = predictionLedger(plain);
      await begin(loadOf('m1'), 'running');
      await begin(loadOf('m2'), 'failed');
      await begin(loadOf('m3'), 'purged');
      for (const [id, state] of [
        ['running', 'running'],
        ['failed', 'failed'],
      ])
        // prettier-ignore
        await plain.run(CALL, ({ sql }) =>
          sql.run(
            `insert into slipway_operation (workspace, id, kind, state, done, total, unit, principal, created_at, updated_at,
               cancel_requested, lease_owner, lease_until, revision) values ('default', ?, 'features.predictions.load', ?, 0, 0, 'rows', 'a', 0, 0, 0, 'o', 0, 1)`,
            [id ?? '', state ?? ''],
          ),
        );
      const refs = (await ledger.abandoned(10)).map(({ version }) => version);
      expect(new Set(refs)).toEqual(new Set([2n, 3n]));
      await unitOfWork.run(CALL, async ({ predictions }) => {
        const [, second, third] = await predictions.versions('late');
        if (second) await predictions.putVersion({ ...second, state: 'retired', updateTime: 20n });
        if (third) await predictions.putVersion({ ...third, state: 'retired', updateTime: 10n });
      });
      const retired = async (before: bigint) => (await ledger.retired(before, 10)).map(({ version }) => version);
      expect([await retired(10n), await retired(11n), await retired(21n)]).toEqual([[], [3n], [3n, 2n]]);
      await unitOfWork.run(CALL, ({ predictions }) => predictions.deleteVersion('late', 3n));
      expect(await states()).toEqual(['1 loading', '2 retired']);
    });
  });
}
