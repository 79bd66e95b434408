import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIdSource, seededRandom, systemClock } from '@slipway/kernel';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import type { UnitOfWork } from '@slipway/persistence';
import type { Ingestion } from '../domain/ingestion.ts';
import { parseRepository } from '../domain/repository/parse-repository.ts';
import type { TrainingSet } from '../domain/training-set.ts';
import type { BlobLedger, Call, FeatureUnitOfWork } from '../domain/unit-of-work.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { blobLedger } from '../store/blob-claims.ts';
import { featureEntities } from '../store/entities.ts';
import { createFeatureUnitOfWork } from '../store/feature-unit-of-work.ts';
import { featureMigrations } from '../store/migrations/feature-migrations.ts';
import { sampleFiles } from './sample-repository.ts';

const callIn = (workspace: string): Call => ({
  caller: { principal: 'alice', workspace, allWorkspaces: false, permissions: new Set(['*']) },
  requestId: 'call',
});
const CALL = callIn('default');
const digest = (letter: string): string => letter.repeat(64);
const INT64_MAX = 2n ** 63n - 1n;

const ingestionOf = (id: string, firstArrival: bigint, letter: string): Ingestion => ({
  id,
  source: 'flights',
  sha256: digest(letter),
  bytes: INT64_MAX,
  description: 'ä',
  acceptedRows: 10n,
  quarantinedRows: 1n,
  breaches: [{ column: 'delay', rule: 'minimum', rows: 1 }],
  firstArrival,
  eventTimes: { first: -INT64_MAX, last: INT64_MAX },
  contractId: 'flights',
  contractVersion: '1',
  accepted: { sha256: digest('a'), bytes: 2 ** 40 },
  quarantine: undefined,
  principal: 'alice',
  createTime: 5n,
});

const trainingSetOf = (letter: string, createTime: bigint): TrainingSet => ({
  id: digest(letter),
  name: 'q1',
  features: ['v:f'],
  columns: [{ name: 'f', type: 'number' }],
  rows: INT64_MAX,
  createdCutoff: true,
  files: [{ sha256: digest('b'), bytes: 7, rows: 3 }],
  nulls: { f: 1 },
  repositoryRevision: 1n,
  arrivals: { flights: '9223372036854775807' },
  principal: 'alice',
  createTime,
});

/** What the feature store asks of a database. */
export function featureStoreSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`feature store: ${name}`, () => {
    let databases: TestDatabases;
    let unitOfWork: FeatureUnitOfWork;
    let plain: UnitOfWork;
    let ledger: BlobLedger;
    let close: () => Promise<void>;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      const options = { entities: featureEntities, migrations: featureMigrations };
      const opened = await openTestDatabase(await databases.fresh(), options);
      plain = opened.unitOfWork;
      unitOfWork = createFeatureUnitOfWork(plain, encodeFact);
      ledger = blobLedger(plain, CALL);
      close = () => opened.database.close();
    });
    afterEach(() => close());

    it('keeps revisions as they were understood, and workspaces apart', async () => {
      const files = sampleFiles();
      const repository = parseRepository(files);
      const revision = { revision: 1n, digest: digest('d'), principal: 'alice', createTime: 5n };
      await unitOfWork.run(CALL, async (tx) => {
        await tx.lock();
        await tx.repositories.insert({ revision, files, repository });
        await tx.repositories.insert({ revision: { ...revision, revision: 2n }, files, repository });
      });
      const read = (workspace: string) =>
        unitOfWork.read({ workspace }, async ({ repositories }) => ({
          current: await repositories.currentRevision(),
          applied: await repositories.get(1n),
          page: await repositories.list({ pageSize: 1, pageToken: '' }),
        }));
      const { current, applied, page } = await read('default');
      expect(current).toBe(2n);
      expect(applied).toEqual({ revision, files, repository: JSON.parse(JSON.stringify(repository)) as object });
      expect(page.items.map((each) => each.revision)).toEqual([2n]);
      expect(await read('other')).toEqual({ current: 0n, applied: undefined, page: { items: [] } });
    });

    it('keeps ingestions exactly and finds segments in the order of arrival', async () => {
      const [one, two] = [ingestionOf('2', 11n, '2'), ingestionOf('1', 1n, '1')];
      const none: Ingestion = {
        ...ingestionOf('3', 21n, '3'),
        acceptedRows: 0n,
        accepted: undefined,
        eventTimes: undefined,
      };
      await unitOfWork.run(CALL, async (tx) => {
        for (const each of [one, two, none]) await tx.ingestions.insert(each);
        await tx.sources.put({ source: 'flights', arrival: 20n, lastEventTime: INT64_MAX, columns: ['a'] });
        await tx.sources.put({ source: 'flights', arrival: 21n, lastEventTime: INT64_MAX, columns: ['a', 'b'] });
      });
      await unitOfWork.read(CALL.caller, async ({ ingestions, sources }) => {
        expect([await ingestions.get('2'), await ingestions.get('3')]).toEqual([one, none]);
        expect(await ingestions.byContent('flights', digest('1'))).toEqual(two);
        expect((await ingestions.segments('flights', 20n)).map(({ firstArrival }) => firstArrival)).toEqual([1n, 11n]);
        expect((await ingestions.segments('flights', 10n)).map(({ firstArrival }) => firstArrival)).toEqual([1n]);
        const first = await ingestions.list('flights', { pageSize: 2, pageToken: '' });
        const rest = await ingestions.list('flights', { pageSize: 2, pageToken: first.nextPageToken ?? '' });
        expect([first, rest].map(({ items }) => items.map(({ id }) => id))).toEqual([['3', '2'], ['1']]);
        expect(await sources.all()).toEqual([
          { source: 'flights', arrival: 21n, lastEventTime: INT64_MAX, columns: ['a', 'b'] },
        ]);
      });
      const twice = unitOfWork.run(CALL, (tx) => tx.ingestions.insert({ ...one, id: '9' }));
      await expect(twice).rejects.toMatchObject({ kind: 'already-exists' });
    });

    it('keeps training sets and views', async () => {
      const sets = [trainingSetOf('1', 5n), trainingSetOf('2', 6n)];
      const view = {
        view: 'v',
        digest: digest('d'),
        arrival: 3n,
        materializeTime: undefined,
        tables: [digest('d')],
        leaseOwner: 'me',
        leaseUntil: 9n,
      };
      await unitOfWork.run(CALL, async (tx) => {
        for (const set of sets) await tx.trainingSets.insert(set);
        await tx.views.put({ ...view, arrival: 1n });
        await tx.views.put({ ...view, view: 'w', materializeTime: 4n });
        await tx.views.put(view);
        await tx.views.delete('w');
      });
      await unitOfWork.read(CALL.caller, async ({ trainingSets, views }) => {
        expect(await trainingSets.get(digest('1'))).toEqual(sets[0]);
        expect((await trainingSets.list({ pageSize: 10, pageToken: '' })).items).toEqual(sets.toReversed());
        expect(await views.all()).toEqual([view]);
      });
    });

    it('lets one at a time change a workspace', async () => {
      const add = () =>
        unitOfWork.run(CALL, async (tx) => {
          await tx.lock();
          const before = (await tx.sources.get('flights'))?.arrival ?? 0n;
          await tx.sources.put({ source: 'flights', arrival: before + 1n, lastEventTime: 0n, columns: [] });
        });
      await Promise.all(Array.from({ length: 12 }, add));
      expect((await unitOfWork.read(CALL.caller, ({ sources }) => sources.get('flights')))?.arrival).toBe(12n);
    });

    it('sweeps what nothing names: not the rows of an ingestion, not while a training set is being made', async () => {
      const before = systemClock.now() + 3_600_000_000n;
      await unitOfWork.run(CALL, async (tx) => {
        await tx.blobs.claim([digest('a'), digest('b'), digest('c')]);
        await tx.ingestions.insert(ingestionOf('1', 1n, '1')); // names a
        await tx.trainingSets.insert(trainingSetOf('1', 5n)); // names b
      });
      expect(await ledger.unused(1n, 10)).toEqual([]);
      expect(await ledger.unused(before, 10)).toEqual([{ workspace: 'default', sha256: digest('c') }]);
      const setState = (state: string) =>
        plain.run(CALL, ({ sql }) => sql.run('update slipway_operation set state = ?', [state]));
      await plain.run(CALL, ({ sql }) =>
        sql.run(
          `insert into slipway_operation (workspace, id, kind, state, done, total, unit, principal, created_at, updated_at,
             cancel_requested, lease_owner, lease_until, revision) values ('default', ?, 'features.training-sets.create', 'running', 0, 0, 'rows', 'a', 0, 0, 0, 'o', 0, 1)`,
          [createIdSource(systemClock, seededRandom(1)).next()],
        ),
      );
      expect(await ledger.unused(before, 10)).toEqual([]);
      await setState('succeeded');
      let removed = 0;
      const remove = () => {
        removed += 1;
        return Promise.resolve();
      };
      for (const letter of ['a', 'b', 'c', 'c'])
        await ledger.drop({ workspace: 'default', sha256: digest(letter) }, before, remove);
      expect(removed).toBe(1);
      expect(await unitOfWork.run(CALL, (tx) => tx.blobs.hold([digest('a'), digest('c')]))).toBe(false);
    });

    it('rolls back facts with everything else', async () => {
      const failed = unitOfWork.run(CALL, async (tx) => {
        await tx.lock();
        tx.events.add({ kind: 'view-materialized', view: 'v', arrival: 1n, stored: 1n });
        await tx.trainingSets.insert(trainingSetOf('1', 5n));
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await unitOfWork.read(CALL.caller, ({ trainingSets }) => trainingSets.get(digest('1')))).toBeUndefined();
      expect(await plain.read(({ sql }) => sql.all('select id from slipway_outbox'))).toEqual([]);
    });
  });
}
