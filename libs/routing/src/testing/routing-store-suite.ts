import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { UnitOfWork } from '@slipway/persistence';
import { openTestDatabase, testCaller, type TestDatabases } from '@slipway/persistence/testing';
import { createHash } from 'node:crypto';
import type { Analysis } from '../domain/analysis/analysis.ts';
import type { DaySums } from '../domain/analysis/day-sums.ts';
import type { Exposure } from '../domain/assignment.ts';
import type { Objective } from '../domain/objective.ts';
import type { Call, RoutingUnitOfWork } from '../domain/unit-of-work.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { routingEntities } from '../store/entities.ts';
import { routingMigrations } from '../store/migrations/routing-migrations.ts';
import { createRoutingUnitOfWork } from '../store/routing-unit-of-work.ts';
import { sampleDay, sampleExperiment } from './sample-experiment.ts';

const callIn = (workspace: string): Call => ({ caller: testCaller(workspace), requestId: 'call' });
const CALL = callIn('default');
const INT64_MAX = 2n ** 63n - 1n;

const objectiveOf = (name: string): Objective => ({
  name,
  description: 'ä',
  deployment: { model: 'm', alias: 'live' },
  unitKeys: ['day', 'origin'],
  shadows: [{ model: 'm', alias: 'champion' }],
  experiment: '',
  revision: INT64_MAX,
  updateTime: -INT64_MAX,
});

const exposureOf = (index: number, arm: 0 | 1): Exposure => ({
  unitHash: createHash('sha256').update(String(index)).digest('hex'),
  arm,
  share: arm === 1 ? 300 : 700,
});

const dayOf = (day: number): DaySums => ({
  day: sampleDay(day),
  control: { rows: 2 ** 52, labelledRows: 7, lossSum: 0.1 + 0.2, referenceSum: Number.NaN },
  treatment: { rows: 1, labelledRows: 0, lossSum: Number.POSITIVE_INFINITY, referenceSum: -0 },
});

const analysisOf = (asOf: bigint): Analysis => ({
  asOf,
  days: [{ day: sampleDay(1), complete: true, control: sums(1), treatment: sums(2) }],
  completeDays: 1,
  difference: -1e-300,
  lower: Number.NEGATIVE_INFINITY,
  upper: Number.POSITIVE_INFINITY,
  eValue: 1e300,
  pValue: 5e-324,
  guardrail: 0.1 + 0.2,
  guardrailThreshold: 90,
  sampleRatioP: 1,
  verdict: 'continue',
  winner: '',
  explanation: 'ä',
});
const sums = (rows: number) => ({ rows, labelledRows: rows, lossSum: 0.25, referenceSum: 0.5 });

/** What the router asks of a database. */
export function routingStoreSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`routing store: ${name}`, () => {
    let databases: TestDatabases;
    let unitOfWork: RoutingUnitOfWork;
    let plain: UnitOfWork;
    let close: () => Promise<void>;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      const options = { entities: routingEntities, migrations: routingMigrations };
      const opened = await openTestDatabase(await databases.fresh(), options);
      plain = opened.unitOfWork;
      unitOfWork = createRoutingUnitOfWork(plain, encodeFact, CALL);
      close = () => opened.database.close();
    });
    afterEach(() => close());
    const page = (pageToken = '') => ({ pageSize: 2, pageToken });

    it('keeps objectives exactly, by name and workspace', async () => {
      const all = ['a', 'B', 'c'].map(objectiveOf);
      await unitOfWork.run(CALL, async (tx) => {
        for (const each of all) await tx.objectives.insert(each);
      });
      const changed = { ...objectiveOf('a'), experiment: 'e', deployment: { model: 'n', alias: 'x' }, shadows: [] };
      await unitOfWork.run(CALL, async (tx) => {
        expect(await tx.objectives.lock('a')).toEqual(all[0]);
        await tx.objectives.replace(changed);
      });
      const twice = unitOfWork.run(CALL, (tx) => tx.objectives.insert(objectiveOf('a')));
      await expect(twice).rejects.toMatchObject({ reason: 'ROUTING_CHANGED' });
      await unitOfWork.read(CALL.caller, async ({ objectives }) => {
        expect(await objectives.get('a')).toEqual(changed);
        const first = await objectives.list(page());
        const rest = await objectives.list(page(first.nextPageToken));
        expect([first, rest].map(({ items }) => items.map((each) => each.name))).toEqual([['B', 'a'], ['c']]);
        expect(rest.nextPageToken).toBeUndefined();
      });
      expect(await unitOfWork.read({ workspace: 'other' }, ({ objectives }) => objectives.get('a'))).toBeUndefined();
    });

    it('keeps experiments exactly, newest first', async () => {
      const [one, two, three] = ['1', '2', '3'].map((id) =>
        sampleExperiment({
          id,
          objective: id === '2' ? 'other' : 'late',
          endTime: 7n,
          policy: { steps: [1, 2], alpha: 0.1 + 0.2 },
        }),
      );
      if (!one || !two || !three) throw new Error('three');
      await unitOfWork.run(CALL, async (tx) => {
        for (const each of [one, two, three]) await tx.experiments.insert(each);
      });
      await unitOfWork.read(CALL.caller, async ({ experiments }) => {
        expect(await experiments.get('1')).toEqual(one);
        const first = await experiments.list(undefined, page());
        const rest = await experiments.list(undefined, page(first.nextPageToken));
        expect([first, rest].map(({ items }) => items.map(({ id }) => id))).toEqual([['3', '2'], ['1']]);
        expect((await experiments.list('late', page())).items).toEqual([three, one]);
      });
    });

    it('lets one of two changes of an experiment through', async () => {
      const before = sampleExperiment();
      await unitOfWork.run(CALL, (tx) => tx.experiments.insert(before));
      const changes = [10, 20].map((share) =>
        unitOfWork.run(CALL, (tx) => tx.experiments.replace({ ...before, share, sequence: 2n })),
      );
      const results = await Promise.allSettled(changes);
      expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const lost = results.find((result) => result.status === 'rejected');
      expect(lost?.reason).toMatchObject({ kind: 'conflict', reason: 'ROUTING_CHANGED' });
    });

    it('keeps the first exposure of a unit, whoever else comes, and counts it', async () => {
      const experiment = sampleExperiment({ share: 300 });
      const add = (exposures: readonly Exposure[], fields: object = {}) =>
        unitOfWork.run(CALL, (tx) => tx.exposures.add({ ...experiment, ...fields }, exposures));
      const all = Array.from({ length: 1000 }, (_, index) => exposureOf(index, index % 2 === 0 ? 0 : 1));
      expect((await add(all.slice(0, 600))).size).toBe(600);
      const parts = await Promise.all([add(all.slice(400, 900)), add(all.slice(500).toReversed()), add([])]);
      expect(parts.reduce((sum, { size }) => sum + size, 0)).toBe(400);
      const changed = all.map((each): Exposure => ({ ...each, arm: each.arm === 0 ? 1 : 0, share: 999 }));
      expect((await add(changed, { revision: 2n, share: 999 })).size).toBe(0);
      expect((await add([exposureOf(5000, 1)], { revision: 2n, share: 999 })).size).toBe(1);
      await unitOfWork.read(CALL.caller, async ({ exposures }) => {
        const found = await exposures.find(
          experiment.id,
          all.map(({ unitHash }) => unitHash),
        );
        expect(all.map(({ unitHash }) => found.get(unitHash))).toEqual(all);
        expect(await exposures.find('other', [all[0]?.unitHash ?? ''])).toEqual(new Map());
        expect(await exposures.counts(experiment.id)).toEqual([
          { revision: 1n, share: 300, control: 500, treatment: 500 },
          { revision: 2n, share: 999, control: 0, treatment: 1 },
        ]);
      });
    });

    it('keeps days and analyses with every bit of their numbers', async () => {
      const [first, second] = [analysisOf(5n), analysisOf(INT64_MAX)];
      await unitOfWork.run(CALL, async (tx) => {
        await tx.days.add('e', [dayOf(2), dayOf(1)]);
        await tx.days.add('e', []);
        await tx.analyses.insert('e', first);
        await tx.analyses.insert('e', second);
      });
      await unitOfWork.read(CALL.caller, async ({ days, analyses }) => {
        expect(await days.list('e')).toEqual([dayOf(1), dayOf(2)]);
        expect(await analyses.newest('e')).toEqual(second);
        expect(await analyses.newest('other')).toBeUndefined();
        expect((await analyses.list('e', page())).items).toEqual(
          [second, first].map((each) => ({ ...each, days: [] })),
        );
      });
      const again = unitOfWork.run(CALL, (tx) => tx.days.add('e', [dayOf(2)]));
      await expect(again).rejects.toMatchObject({ kind: 'already-exists' });
    });

    it('lists what it looks at by itself, of all workspaces, until there is nothing left to do', async () => {
      const put = (workspace: string, experiment: ReturnType<typeof sampleExperiment>) =>
        unitOfWork.run(callIn(workspace), (tx) => tx.experiments.insert(experiment));
      await put('b', sampleExperiment({ id: '1' }));
      await put('a', sampleExperiment({ id: '2', state: 'decided', move: 'refused' }));
      await put('a', sampleExperiment({ id: '3', manual: true }));
      await put('a', sampleExperiment({ id: '4', state: 'decided', move: 'moved' }));
      await put('a', sampleExperiment({ id: '5', state: 'watching' }));
      const first = await unitOfWork.listUnattended(undefined, 2);
      const rest = await unitOfWork.listUnattended(first.at(-1), 2);
      expect([...first, ...rest].map(({ workspace, id }) => workspace + id)).toEqual(['a2', 'a5', 'b1']);
    });

    it('keeps keys once', async () => {
      const key = { keyId: 'a'.repeat(64), publicKeyPem: 'pem' };
      for (const each of [key, key, { ...key, keyId: 'b'.repeat(64) }]) await unitOfWork.addKey(each);
      expect(await unitOfWork.listKeys()).toHaveLength(2);
      expect(await unitOfWork.listKeys()).toContainEqual(key);
    });

    it('rolls back exposures with their event', async () => {
      const failed = unitOfWork.run(CALL, async (tx) => {
        await tx.exposures.add(sampleExperiment(), [exposureOf(1, 1)]);
        tx.events.add({ kind: 'exposures-logged', experiment: 'e', objective: 'o', revision: 1n, exposures: [] });
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await unitOfWork.read(CALL.caller, ({ exposures }) => exposures.counts('experiment-1'))).toEqual([]);
      expect(await plain.read(({ sql }) => sql.all('select id from slipway_outbox'))).toEqual([]);
    });
  });
}
