import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabases } from '@slipway/persistence/testing';
import type { UnitOfWork } from '@slipway/persistence';
import type { Alert } from '../domain/alert.ts';
import type { DayStats } from '../domain/day-stats.ts';
import type { Monitor } from '../domain/monitor.ts';
import type { Call, MonitoringUnitOfWork } from '../domain/unit-of-work.ts';
import { encodeFact } from '../rpc/event-codecs.ts';
import { monitoringEntities } from '../store/entities.ts';
import { monitoringMigrations } from '../store/migrations/monitoring-migrations.ts';
import { createMonitoringUnitOfWork } from '../store/monitoring-unit-of-work.ts';
import { watchedMonitors } from '../store/watched-monitors.ts';

const callIn = (workspace: string): Call => ({
  caller: { principal: 'alice', workspace, allWorkspaces: false, permissions: new Set(['*']) },
  requestId: 'call',
});
const CALL = callIn('default');
const INT64_MAX = 2n ** 63n - 1n;

const monitorOf = (objective: string, more: Partial<Monitor> = {}): Monitor => ({
  objective,
  output: 'probability',
  labelDelaySeconds: 86_400,
  coverageMin: 0.1 + 0.2,
  rowsMin: 2 ** 40,
  falseAlarmDays: 365,
  manual: false,
  revision: 1n,
  updateTime: 5n,
  evaluatedUntil: undefined,
  ...more,
});

const alertOf = (id: string, more: Partial<Alert> = {}): Alert => ({
  id,
  objective: 'o',
  version: { model: 'm', version: 2 },
  kind: 'drift',
  firstDay: 10,
  lastDay: 10,
  open: true,
  checks: [{ check: 'score_psi', feature: '', value: 0.4, threshold: 0.3, days: 7, exceeded: true }],
  createTime: 7n,
  ...more,
});

const statsOf = (day: number): DayStats => ({
  day,
  fingerprint: '1/2/3',
  rows: 3,
  labelledRows: 2,
  answeredLogLossSum: 0.1 + 0.2,
  answeredLabelledRows: 2,
  versions: [],
});

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const predictions = (id: string, day: number, more: { rows?: number; experiments?: string[] } = {}) => ({
  objective: 'o',
  day,
  id,
  rows: more.rows ?? 3,
  experiments: more.experiments ?? [],
  payload: bytesOf(0, 255, day & 255),
});
const outcomes = (contentId: string, day: number, arrival: string) => ({
  objective: 'o',
  day,
  contentId: contentId.repeat(64),
  arrival,
  rows: 2,
  payload: bytesOf(1, 2, 3),
});
const ALL = { from: -1_000, until: 100_000 };

/** What the monitor asks of a database. */
export function monitoringStoreSuite(name: string, start: () => Promise<TestDatabases>): void {
  describe(`monitoring store: ${name}`, () => {
    let databases: TestDatabases;
    let unitOfWork: MonitoringUnitOfWork;
    let plain: UnitOfWork;
    let close: () => Promise<void>;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      const options = { entities: monitoringEntities, migrations: monitoringMigrations };
      const opened = await openTestDatabase(await databases.fresh(), options);
      plain = opened.unitOfWork;
      unitOfWork = createMonitoringUnitOfWork(plain, encodeFact);
      close = () => opened.database.close();
    });
    afterEach(() => close());

    it('keeps monitors, lists them by objective, and tells those that judge by themselves', async () => {
      await unitOfWork.run(CALL, async (tx) => {
        for (const objective of ['b', 'a', 'Z']) await tx.monitors.put(monitorOf(objective));
        await tx.monitors.put(monitorOf('a', { revision: INT64_MAX, manual: true, evaluatedUntil: -5n }));
      });
      await unitOfWork.run(callIn('other'), (tx) => tx.monitors.put(monitorOf('a')));
      const first = await unitOfWork.read(CALL.caller, ({ monitors }) => monitors.list({ pageSize: 2, pageToken: '' }));
      expect(first.items).toEqual([
        monitorOf('Z'),
        monitorOf('a', { revision: INT64_MAX, manual: true, evaluatedUntil: -5n }),
      ]);
      const token = first.nextPageToken ?? '';
      const rest = await unitOfWork.read(CALL.caller, ({ monitors }) =>
        monitors.list({ pageSize: 2, pageToken: token }),
      );
      expect(rest).toEqual({ items: [monitorOf('b')] });
      expect(await watchedMonitors(plain)).toEqual([
        { workspace: 'default', objective: 'Z' },
        { workspace: 'default', objective: 'b' },
        { workspace: 'other', objective: 'a' },
      ]);
    });

    it('moves on only from where it was expected to be', async () => {
      const monitor = monitorOf('o');
      await unitOfWork.run(CALL, (tx) => tx.monitors.put(monitor));
      const advance = (expected: Monitor, until: bigint) =>
        unitOfWork.run(CALL, (tx) => tx.monitors.advance(expected, until));
      expect(await advance({ ...monitor, revision: 2n }, 10n)).toBe(false);
      expect(await advance({ ...monitor, evaluatedUntil: 1n }, 10n)).toBe(false);
      expect(await Promise.all([advance(monitor, 10n), advance(monitor, 10n)])).toEqual(
        expect.arrayContaining([true, false]),
      );
      expect(await advance({ ...monitor, evaluatedUntil: 10n }, 20n)).toBe(true);
      const now = await unitOfWork.read(CALL.caller, ({ monitors }) => monitors.get('o'));
      expect(now?.evaluatedUntil).toBe(20n);
    });

    it('keeps a block of predictions once, and pages in the order of ids', async () => {
      const added = await unitOfWork.run(CALL, async (tx) => {
        const results: boolean[] = [];
        for (const id of ['e2', 'e1', 'e3', 'e2']) results.push(await tx.blocks.addPredictions(predictions(id, 10)));
        results.push(await tx.blocks.addPredictions(predictions('e2', -11, { experiments: ['x', 'y'] })));
        return results;
      });
      expect(added).toEqual([true, true, true, false, true]);
      await unitOfWork.run(callIn('other'), (tx) => tx.blocks.addPredictions(predictions('e2', 10)));
      const read = await unitOfWork.read(CALL.caller, async ({ blocks, days, experiments }) => ({
        counts: [...(await blocks.predictionCounts('o', ALL))],
        first: await blocks.predictions('o', 10, '', 2),
        rest: await blocks.predictions('o', 10, 'e2', 2),
        days: await days.range('o', ALL, 10),
        experimentDays: await experiments.days('o', 'y'),
      }));
      expect(read.counts).toEqual([
        [-11, { blocks: 1, rows: 3 }],
        [10, { blocks: 3, rows: 9 }],
      ]);
      expect(read.first.map(({ id }) => id)).toEqual(['e1', 'e2']);
      expect(Buffer.from(read.first[0]?.payload ?? []).toString('hex')).toBe('00ff0a');
      expect(read.rest.map(({ id }) => id)).toEqual(['e3']);
      expect(read.days.map(({ day, closed }) => [day, closed])).toEqual([
        [-11, false],
        [10, false],
      ]);
      expect(read.experimentDays).toEqual([-11]);
    });

    it('keeps outcomes once by their content, and pages in the order of arrival', async () => {
      const added = await unitOfWork.run(CALL, async (tx) => [
        await tx.blocks.addOutcomes(outcomes('b', 10, '1')),
        await tx.blocks.addOutcomes(outcomes('a', 10, '2')),
        await tx.blocks.addOutcomes(outcomes('b', 10, '3')),
        await tx.blocks.addOutcomes(outcomes('b', 11, '4')),
      ]);
      expect(added).toEqual([true, true, false, true]);
      const read = await unitOfWork.read(CALL.caller, async ({ blocks }) => ({
        counts: [...(await blocks.outcomeCounts('o', { from: 10, until: 11 }))],
        page: await blocks.outcomes('o', 10, '', 10),
        after: await blocks.outcomes('o', 10, '1', 10),
        names: await blocks.names('outcomes', 'o', 10),
        named: await blocks.named('outcomes', 'o', 10, ['2', '4']),
        none: await blocks.named('outcomes', 'o', 10, []),
      }));
      expect(read.counts).toEqual([[10, { blocks: 2, rows: 4 }]]);
      expect(read.page.map(({ id }) => id)).toEqual(['1', '2']);
      expect(read.after.map(({ id }) => id)).toEqual(['2']);
      expect(read.names.toSorted()).toEqual(['1', '2']);
      expect(read.named.map(({ id, payload }) => [id, payload.length])).toEqual([['2', 3]]);
      expect(read.none).toEqual([]);
    });

    it('keeps days with their numbers, and which version was in front', async () => {
      const main = (version: number) => ({ model: 'm', version, digest: 'd' });
      await unitOfWork.run(CALL, async (tx) => {
        for (const day of [10, 11, 12, 13]) await tx.blocks.addPredictions(predictions('e', day));
        for (const [day, version] of [[10, 1], [11, 2], [12, 1]] as const) await tx.days.close('o', day, main(version)); // prettier-ignore
        await tx.days.putStats('o', statsOf(11));
      });
      const read = await unitOfWork.read(CALL.caller, async ({ days }) => ({
        record: await days.get('o', 11),
        next: await days.range('o', { from: 12, until: 20 }, 1),
        mains: await days.mains('o', 13, 10),
        before: await days.mains('o', 12, 1),
        none: await days.get('o', 99),
      }));
      expect(read.record).toEqual({ day: 11, closed: true, main: main(2), stats: statsOf(11) });
      expect(read.next.map(({ day }) => day)).toEqual([12]);
      expect(read.mains).toEqual([
        { version: main(1), firstDay: 10, lastDay: 12, days: 2 },
        { version: main(2), firstDay: 11, lastDay: 11, days: 1 },
      ]);
      expect(read.before.map(({ version }) => version.version)).toEqual([2]);
      expect(read.none).toBeUndefined();
    });

    it('has one alert for an episode, lists the newest first, and finds the open ones', async () => {
      await unitOfWork.run(CALL, async (tx) => {
        await tx.alerts.insert(alertOf('a1'));
        await tx.alerts.insert(alertOf('a2', { kind: 'performance' }));
        await tx.alerts.insert(alertOf('a3', { objective: 'p' }));
        await tx.alerts.update({ id: 'a1' }, { lastDay: 12, open: false });
      });
      await expect(unitOfWork.run(CALL, (tx) => tx.alerts.insert(alertOf('a4')))).rejects.toThrow('there already');
      const read = await unitOfWork.read(CALL.caller, async ({ alerts }) => ({
        all: await alerts.list(undefined, { pageSize: 2, pageToken: '' }),
        ours: await alerts.list('o', { pageSize: 10, pageToken: '' }),
        open: await alerts.open('o'),
      }));
      expect(read.all.items.map(({ id }) => id)).toEqual(['a3', 'a2']);
      expect(read.all.nextPageToken).toBeDefined();
      expect(read.ours.items).toEqual([
        alertOf('a2', { kind: 'performance' }),
        alertOf('a1', { lastDay: 12, open: false }),
      ]);
      expect(read.open.map(({ id }) => id)).toEqual(['a2']);
    });

    it('keeps sums of experiments and profiles, and replaces them', async () => {
      const key = { objective: 'o', experiment: 'x', day: 10, variant: 'm/1,m/2' };
      const version = { model: 'm', version: 2, digest: 'd'.repeat(64) };
      const sums = { fingerprint: '1', completeFrom: Number.MIN_SAFE_INTEGER, sums: [{ rows: 1 }] };
      await unitOfWork.run(CALL, async (tx) => {
        await tx.experiments.putSums(key, { ...sums, fingerprint: '0' });
        await tx.experiments.putSums(key, sums);
        await tx.profiles.put(version, { json: '{}', why: '' });
        await tx.profiles.put(version, { json: '', why: 'none' });
      });
      const read = await unitOfWork.read(CALL.caller, async ({ experiments, profiles }) => [
        await experiments.sums(key),
        await experiments.sums({ ...key, variant: '' }),
        await profiles.get(version),
        await profiles.get({ ...version, digest: '' }),
        await profiles.get({ ...version, digest: 'e'.repeat(64) }),
      ]);
      const profile = { json: '', why: 'none' };
      expect(read).toEqual([sums, undefined, profile, profile, undefined]);
    });
  });
}
