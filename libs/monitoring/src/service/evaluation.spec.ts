import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { DAY_MICROS, dayText, type Day } from '../domain/day.ts';
import { FakeRegistry } from '../testing/fake-registry.ts';
import { startMonitoring, type MonitoringInstallation } from '../testing/monitoring-installation.ts';
import { eventOf, FIRST_DAY, OBJECTIVE, outcomesOf, randomOf, sampleProfile, type TestRow } from '../testing/story.ts';

const ROWS = 300;
/** The first day after the references. */
const START: Day = FIRST_DAY + 100;
const endOf = (day: Day) => ({ seconds: `${(day + 2) * 86_400}`, nanos: 0 }); // and a day for outcomes

interface DayPlan {
  /** Version that answers; every other row when it is two. */
  readonly served: readonly number[];
  readonly listening?: readonly number[];
  /** Added to the scores, in place of nothing. */
  readonly shift?: number;
  /** Times the share of positives that the scores promise. */
  readonly lateness?: number;
  readonly labelled?: number;
  readonly rows?: number;
}

describe('windows and alerts', () => {
  let databases: TestDatabases;
  let installation: MonitoringInstallation;
  const registry = new FakeRegistry();
  const long = sampleProfile(1, 90);
  const short = sampleProfile(2, 28);
  beforeAll(async () => {
    databases = await sqliteDatabases();
    registry.publish('m', 1, long.json);
    registry.publish('m', 2, sampleProfile(3, 90).json);
    registry.publish('m', 3, short.json);
    registry.publish('m', 9);
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    installation = await startMonitoring({
      target: await databases.fresh(),
      registry,
      trustedKeys: [registry.trusted],
    });
    await installation.monitor.setMonitor({
      objective: OBJECTIVE,
      output: 'probability',
      rows_min: 100,
      manual: true,
    });
  });
  afterEach(async () => {
    registry.away = false;
    await installation.stop();
  });

  /** Predictions and outcomes of one day. */
  async function play(day: Day, { served, listening = [], ...plan }: DayPlan): Promise<void> {
    const { shift = 0, lateness = 1, labelled = 1, rows: count = ROWS } = plan;
    const random = randomOf(day);
    const rows = Array.from({ length: count }, (_, index): TestRow => {
      const score = 0.05 + 0.6 * random() ** 2 + shift;
      const versions = [...served, ...listening];
      return {
        id: `${day}:${index}`,
        time: BigInt(day) * DAY_MICROS + BigInt(index),
        served: served[index % served.length] ?? 0,
        scores: Object.fromEntries(versions.map((version) => [version, score])),
        experiment: '',
        arm: '',
        unit: '',
        distance: random() * 1_000,
        carrier: random() < 0.6 ? 'AA' : 'UA',
      };
    });
    for (const version of served) {
      await installation.deliver(`e${day}-${version}`, eventOf(rows.filter((row) => row.served === version)));
    }
    const outcomes = rows.slice(0, count * labelled).map(({ id, time, scores, served: version }) => ({
      id,
      label: random() < ((scores[version] ?? 0) - shift) * lateness ? (1 as const) : (0 as const),
      observed: time + DAY_MICROS / 2n,
    }));
    if (outcomes.length > 0) await installation.monitor.recordOutcomes(outcomesOf(outcomes));
  }
  const playDays = async (from: number, until: number, plan: DayPlan): Promise<void> => {
    for (let day = from; day < until; day += 1) await play(START + day, plan);
  };
  const evaluate = (day: number) =>
    installation.monitor.evaluateWindows({ objective: OBJECTIVE, until: endOf(START + day) });
  const alerts = async () => (await installation.monitor.listAlerts({ objective: OBJECTIVE })).alerts.toReversed();
  const eventTypes = async () =>
    (await installation.events()).map(({ type }) => type.split('.').slice(1, -1).join('.'));
  const text = (day: number) => dayText(START + day);

  it('says nothing while nothing changes, and one thing for each episode', async () => {
    await playDays(0, 12, { served: [1] });
    await playDays(12, 20, { served: [1], shift: 0.2 });
    await playDays(20, 32, { served: [1] });
    const calm = await evaluate(11);
    expect(calm.windows.map(({ day }) => day)).toEqual(Array.from({ length: 12 }, (_, day) => text(day)));
    expect(calm.alerts).toEqual([]);
    const { alerts: opened } = await evaluate(40);
    const drift = opened.find(({ kind }) => kind === 'drift');
    expect(drift).toMatchObject({ model: 'm', version: '1', open: true });
    expect(drift?.checks.map(({ check }) => check)).toEqual(expect.arrayContaining(['score_psi']));
    expect(drift?.checks.every(({ exceeded, days }) => exceeded && days === 7)).toBe(true);
    const all = (await alerts()).filter(({ kind }) => kind === 'drift');
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ id: drift?.id, open: false });
    expect(Date.parse(all[0]?.first_day ?? '')).toBeGreaterThanOrEqual(Date.parse(text(12)));
    expect(Date.parse(all[0]?.last_day ?? '')).toBeGreaterThan(Date.parse(all[0]?.first_day ?? ''));
    expect(Date.parse(all[0]?.last_day ?? '')).toBeLessThan(Date.parse(text(32)));
    const types = await eventTypes();
    expect(types.filter((type) => type === 'monitoring.drift.detected')).toHaveLength(1);
    expect(types.filter((type) => type === 'monitoring.window.closed')).toHaveLength(32);
  }, 30_000);

  it('says nothing before there are as many days as a window has', async () => {
    await playDays(0, 8, { served: [1], shift: 0.2 });
    const { windows, alerts: opened } = await evaluate(7);
    const psi = windows.map(({ versions }) => versions[0]?.checks.find(({ check }) => check === 'score_psi'));
    expect(psi.map((check) => [check?.days, check?.exceeded])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 7].map((days) => [days, days === 7]),
    );
    expect(psi[0]?.value).toBeGreaterThan(psi[0]?.threshold ?? NaN);
    expect(opened.filter(({ kind }) => kind === 'drift').map(({ first_day: day }) => day)).toEqual([text(6)]);
  });

  it('finds worse calibration and loss by outcomes alone', async () => {
    await playDays(0, 8, { served: [1] });
    await playDays(8, 18, { served: [1], lateness: 1.9 });
    const { alerts: opened } = await evaluate(17);
    expect(opened.map(({ kind }) => kind).toSorted()).toEqual(['drift', 'performance']);
    const [drift, performance] = ['drift', 'performance'].map((kind) => opened.find((alert) => alert.kind === kind));
    expect(drift?.checks.map(({ check }) => check)).toEqual(['calibration_gap']);
    expect(performance?.checks.map(({ check }) => check)).toEqual(['log_loss']);
    expect(await eventTypes()).toEqual(
      expect.arrayContaining(['monitoring.drift.detected', 'monitoring.performance.degraded']),
    );
  });

  it('does not judge calibration without enough outcomes, nor a day without enough rows', async () => {
    await playDays(0, 9, { served: [1], lateness: 1.9, labelled: 0.5 });
    await play(START + 9, { served: [1], lateness: 1.9, shift: 0.3, rows: 60 });
    const { alerts: opened, windows } = await evaluate(9);
    expect(opened).toEqual([]);
    const checksOf = (day: number) => windows[day]?.versions[0]?.checks.map(({ check }) => check) ?? [];
    expect(checksOf(8)).toEqual(expect.arrayContaining(['score_psi', 'feature_psi']));
    expect(checksOf(8)).not.toContain('calibration_gap');
    expect(checksOf(9)).toEqual([]);
  });

  it('shows features by their reference, whatever the version does', async () => {
    await playDays(0, 7, { served: [1], listening: [2] });
    const { windows } = await installation.monitor.listWindows({ objective: OBJECTIVE, from: text(6), page_size: 1 });
    const [window] = windows;
    expect(window).toMatchObject({ day: text(6), closed: false, rows: `${ROWS}` });
    for (const version of window?.versions ?? []) {
      const features = version.checks.filter(({ feature }) => feature !== '');
      expect(features.map(({ check, feature }) => `${check} ${feature}`)).toEqual([
        'feature_psi request:distance',
        'feature_psi request:carrier',
        'feature_ks request:distance',
      ]);
      for (const { value, days } of features) expect({ near: Math.abs(value) < 0.05, days }).toEqual({ near: true, days: 7 }); // prettier-ignore
    }
  });

  it('has numbers and no alerts for a version that only listens', async () => {
    await playDays(0, 10, { served: [1], listening: [2] });
    await playDays(10, 20, { served: [1], listening: [2], shift: 0.2 });
    const { windows } = await evaluate(19);
    expect(windows.at(-1)?.versions.map(({ served, rows }) => ({ served, rows }))).toEqual([
      { served: true, rows: `${ROWS}` },
      { served: false, rows: `${ROWS}` },
    ]);
    const listening = windows.at(-1)?.versions[1]?.checks.find(({ check }) => check === 'score_psi');
    expect(listening?.exceeded).toBe(true);
    expect((await alerts()).every(({ version }) => version === '1')).toBe(true);
  });

  it('never judges a day twice, and never for what comes later', async () => {
    await playDays(0, 9, { served: [1], labelled: 0 });
    await evaluate(8);
    for (let day = 0; day < 9; day += 1) {
      const late = Array.from({ length: ROWS }, (_, index) => ({
        id: `${START + day}:${index}`,
        label: 1 as const,
        observed: BigInt(START + day) * DAY_MICROS + DAY_MICROS,
      }));
      await installation.monitor.recordOutcomes(outcomesOf(late));
    }
    expect(await evaluate(8)).toEqual({ windows: [], alerts: [] });
    const { windows } = await installation.monitor.listWindows({ objective: OBJECTIVE });
    expect(windows[8]?.labelled_rows).toBe(`${ROWS}`); // shown all the same
    const gap = windows[8]?.versions[0]?.checks.find(({ check }) => check === 'calibration_gap');
    expect(gap?.exceeded).toBe(true);
    expect(await alerts()).toEqual([]);
    const { monitor } = await installation.monitor.getMonitor({ objective: OBJECTIVE });
    expect(monitor?.evaluated_until?.seconds).toBe(`${(START + 9) * 86_400}`);
  });

  it('closes each day once when two evaluate at once', async () => {
    await playDays(0, 5, { served: [1] });
    const both = await Promise.all([evaluate(4), evaluate(4), evaluate(4)]);
    const answered = both.flatMap(({ windows }) => windows);
    expect(answered.filter(({ closed }) => !closed)).toEqual([]);
    const closed = answered.map(({ day }) => day);
    expect(closed.toSorted()).toEqual(Array.from({ length: 5 }, (_, day) => text(day)));
    expect((await eventTypes()).filter((type) => type === 'monitoring.window.closed')).toHaveLength(5);
  });

  it('waits for the end of the day and its outcomes', async () => {
    await playDays(0, 2, { served: [1] });
    const until = (seconds: number) => ({ seconds: `${seconds}`, nanos: 0 });
    const closedAt = async (seconds: number) =>
      (await installation.monitor.evaluateWindows({ objective: OBJECTIVE, until: until(seconds) })).windows.length;
    expect(await closedAt((START + 2) * 86_400 - 1)).toBe(0);
    expect(await closedAt((START + 2) * 86_400)).toBe(1);
    expect(await closedAt((START + 3) * 86_400)).toBe(1);
  });

  it('judges a version with a short reference late, and by the longer reference before it', async () => {
    await playDays(0, 8, { served: [1], listening: [3], shift: 0.2 });
    await playDays(8, 22, { served: [3], listening: [1], shift: 0.2 });
    const { windows, alerts: opened } = await evaluate(21);
    const psi = (day: number) =>
      windows[day]?.versions.find(({ version }) => version === '3')?.checks.find(({ check }) => check === 'score_psi');
    const reference = async (version: number) =>
      (await installation.monitor.getReference({ model: 'm', version, objective: OBJECTIVE })).thresholds.find(
        ({ check }) => check === 'score_psi',
      )?.threshold ?? NaN;
    const larger = Math.max(await reference(1), await reference(3));
    expect(psi(21)?.threshold).toBe(larger);
    expect(psi(13)).toMatchObject({ exceeded: false, days: 7 }); // on its 6th day, whatever the value
    expect(psi(13)?.value).toBeGreaterThan(larger);
    expect(psi(14)).toMatchObject({ exceeded: true, days: 7 });
    const young = opened.filter(({ version, kind }) => version === '3' && kind === 'drift');
    expect(young.map(({ first_day: day }) => day)).toEqual([text(14)]);
  });

  it('has numbers without checks for a version without a reference, and says why', async () => {
    await playDays(0, 8, { served: [9] });
    const { windows } = await evaluate(7);
    expect(windows[7]?.versions[0]).toMatchObject({ rows: `${ROWS}`, checks: [] });
    await expect(installation.monitor.getReference({ model: 'm', version: 9 })).rejects.toMatchObject({
      reason: 'REFERENCE_MISSING',
      message: expect.stringContaining('no file profile.json'),
    });
    await expect(installation.monitor.getReference({ model: 'm', version: 77 })).rejects.toMatchObject({
      reason: 'REFERENCE_MISSING',
    });
  });

  it('does not judge while a reference cannot be fetched, and keeps the predictions', async () => {
    registry.away = true;
    await play(START, { served: [1] }); // after some deliveries without counting features
    await expect(evaluate(0)).rejects.toMatchObject({ kind: 'unavailable' });
    registry.away = false;
    expect((await evaluate(0)).windows.map(({ day, rows }) => [day, rows])).toEqual([[text(0), `${ROWS}`]]);
    registry.away = true;
    await play(START + 1, { served: [1] });
    expect((await evaluate(1)).windows).toHaveLength(1); // from the database by now
  });

  it('believes only packages that are signed and whole', async () => {
    const strange = new FakeRegistry();
    strange.publish('m', 1, long.json);
    const other = await startMonitoring({
      target: await databases.fresh(),
      registry: strange,
      trustedKeys: [registry.trusted],
    });
    await expect(other.monitor.getReference({ model: 'm', version: 1 })).rejects.toMatchObject({
      reason: 'REFERENCE_MISSING',
    });
    await other.stop();
    strange.damage('m', 1, 'profile.json', Buffer.from(long.json.replace('0', '1')));
    const third = await startMonitoring({ target: await databases.fresh(), registry: strange });
    await expect(third.monitor.getReference({ model: 'm', version: 1 })).rejects.toMatchObject({
      reason: 'REFERENCE_MISSING',
      message: expect.stringContaining('declares'),
    });
    await third.stop();
    const { profile_json: json } = await installation.monitor.getReference({ model: 'm', version: 1 });
    expect(json).toBe(long.json);
  });
});
