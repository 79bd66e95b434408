import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { DAY_MICROS } from '../domain/day.ts';
import { FakeRegistry } from '../testing/fake-registry.ts';
import { startMonitoring, type MonitoringInstallation } from '../testing/monitoring-installation.ts';
import { eventOf, OBJECTIVE, outcomesOf, type TestRow } from '../testing/story.ts';

const rowOf = (id: string, time: bigint): TestRow => ({
  id,
  time,
  served: 1,
  scores: { 1: 0.25 },
  experiment: '',
  arm: '',
  unit: '',
  distance: 1,
  carrier: 'AA',
});
const DAY = 11_000n * DAY_MICROS;

describe('the calls of the monitor', () => {
  let databases: TestDatabases;
  let installation: MonitoringInstallation;
  const clock = new ManualClock();
  beforeAll(async () => {
    databases = await sqliteDatabases();
  });
  afterAll(() => databases.stop());
  beforeEach(async () => {
    const target = await databases.fresh();
    installation = await startMonitoring({ target, registry: new FakeRegistry(), clock, evaluateEveryMs: 1_000 });
  });
  afterEach(() => installation.stop());
  const watch = (more: object = {}) =>
    installation.monitor.setMonitor({ objective: OBJECTIVE, output: 'probability', manual: true, ...more });
  const outcome = (id: string, label: 0 | 1 = 1, observed = DAY) => outcomesOf([{ id, label, observed }]);

  it('fills in defaults, and counts revisions only for changes', async () => {
    const { monitor } = await watch();
    expect(monitor).toMatchObject({
      label_delay_seconds: '86400',
      coverage_min: 0.9,
      rows_min: '1000',
      false_alarm_days: 365,
      revision: '1',
      evaluated_until: null,
    });
    expect((await watch()).monitor?.revision).toBe('1');
    expect((await watch({ rows_min: 5 })).monitor?.revision).toBe('2');
    await expect(watch({ coverage_min: 1.5 })).rejects.toMatchObject({ violations: [{ field: 'coverage_min' }] });
    expect((await installation.connect('other').listMonitors({})).monitors).toEqual([]);
  });

  it('keeps outcomes once, also without a prediction, and tells about them once', async () => {
    await expect(installation.monitor.recordOutcomes(outcome('p'))).rejects.toMatchObject({
      reason: 'MONITOR_NOT_FOUND',
    });
    await watch();
    for (let call = 0; call < 3; call += 1) {
      expect((await installation.monitor.recordOutcomes(outcome('p'))).recorded).toBe('1');
    }
    const observed = (await installation.events()).filter(({ type }) => type.includes('outcome'));
    expect(observed.map(({ data }) => data)).toEqual([
      expect.objectContaining({ objective: OBJECTIVE, outcomes: '1', first_observed_micros: `${DAY}`, principal: 'alice' }), // prettier-ignore
    ]);
    const coverage = () => installation.monitor.getCoverage({ objective: OBJECTIVE });
    expect(await coverage()).toEqual({ predictions: '0', labelled: '0', unmatched_outcomes: '1' });
    await installation.deliver('e', eventOf([rowOf('p', DAY - DAY_MICROS), rowOf('q', DAY)]));
    expect(await coverage()).toEqual({ predictions: '2', labelled: '1', unmatched_outcomes: '0' });
    const at = (micros: bigint) => ({ seconds: `${micros / 1_000_000n}`, nanos: 0 });
    expect(await installation.monitor.getCoverage({ objective: OBJECTIVE, from: at(DAY) })).toEqual({
      predictions: '1',
      labelled: '0',
      unmatched_outcomes: '0',
    });
    expect(await installation.monitor.getCoverage({ objective: OBJECTIVE, until: at(DAY) })).toMatchObject({
      predictions: '1',
      labelled: '1',
    });
  });

  it('refuses outcomes that are none, naming what is wrong', async () => {
    await watch();
    const wrong = { ...outcome('p'), labels: [0.5, 1], observed_micros: ['9007199254740993'] };
    await expect(installation.monitor.recordOutcomes(wrong)).rejects.toMatchObject({
      violations: [
        { field: 'labels' },
        { field: 'labels[0]', description: 'must be 0 or 1' },
        { field: 'observed_micros[0]' },
      ],
    });
  });

  it('forgets predictions of objectives without a monitor, of none, and of other workspaces', async () => {
    await installation.deliver('before', eventOf([rowOf('a', DAY)]));
    await watch();
    const nameless = eventOf([rowOf('b', DAY)]);
    await installation.deliver('e1', { ...nameless, calls: nameless.calls?.map((call) => ({ ...call, objective: '' })) ?? [] }); // prettier-ignore
    await installation.deliver('e2', eventOf([rowOf('c', DAY)]), 'other');
    await installation.deliver('e3', eventOf([rowOf('d', DAY)]));
    expect((await installation.monitor.getCoverage({ objective: OBJECTIVE })).predictions).toBe('1');
  });

  it('dead-letters an event that it cannot read', async () => {
    await watch();
    await installation.deliver('e1', { model: 'm', calls: [{ objective: OBJECTIVE, prediction_ids: [7 as never] }] });
    expect(installation.consumer.status()).toMatchObject({ invalid: 1, handled: 0 });
  });

  it('takes scores that are no numbers as none', async () => {
    await watch();
    const event = eventOf([rowOf('a', DAY), rowOf('b', DAY), rowOf('c', DAY)]);
    const values = ['NaN', 0.5, 'Infinity'];
    const calls = event.calls?.map((call) => ({ ...call, outputs: { probability: { values } } }));
    await installation.deliver('e', { ...event, calls: calls ?? [] });
    const { windows } = await installation.monitor.listWindows({ objective: OBJECTIVE });
    expect(windows[0]).toMatchObject({ rows: '3', versions: [{ rows: '1', mean_score: 0.5, mean_label: NaN }] });
  });

  it('pages windows', async () => {
    await watch();
    const days = [0n, 1n, 3n, 4n].map((day) => DAY + day * DAY_MICROS);
    await installation.deliver('e', eventOf(days.map((time, index) => rowOf(`${index}`, time))));
    const page = (token: string) =>
      installation.monitor.listWindows({ objective: OBJECTIVE, page_size: 3, page_token: token });
    const first = await page('');
    const second = await page(first.next_page_token);
    expect([...first.windows, ...second.windows].map(({ day }) => day)).toEqual(
      days.map((time) => new Date(Number(time / 1_000n)).toISOString().slice(0, 10)),
    );
    expect(second.next_page_token).toBe('');
    await expect(page('nonsense')).rejects.toMatchObject({ kind: 'invalid-argument' });
    await expect(installation.monitor.listWindows({ objective: OBJECTIVE, from: '2001-02-30' })).rejects.toMatchObject({
      violations: [{ field: 'from' }],
    });
  });

  it('judges by itself as time goes by, unless it is manual', async () => {
    await watch({ manual: false });
    await installation.connect('other').setMonitor({ objective: OBJECTIVE, output: 'probability', manual: true });
    const today = clock.now() - (clock.now() % DAY_MICROS);
    for (const workspace of ['default', 'other']) {
      await installation.deliver(`e-${workspace}`, eventOf([rowOf('a', today)]), workspace);
    }
    const closed = async (workspace: string) => {
      await clock.advance(1_000);
      const { windows } = await installation.connect(workspace).listWindows({ objective: OBJECTIVE });
      return windows.map((window) => window.closed);
    };
    expect(await closed('default')).toEqual([false]);
    await clock.advance(2 * 86_400_000);
    await expect.poll(() => closed('default')).toEqual([true]);
    expect(await closed('other')).toEqual([false]);
  });
});
