import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { DAY_MICROS } from '../domain/day.ts';
import { FakeRegistry } from '../testing/fake-registry.ts';
import { startMonitoring, type MonitoringInstallation } from '../testing/monitoring-installation.ts';
import { Oracle, type TestEvent } from '../testing/oracle.ts';
import { eventOf, FIRST_DAY, OBJECTIVE, outcomesOf, randomOf, sampleProfile, type TestOutcome, type TestRow } from '../testing/story.ts'; // prettier-ignore

const EXPERIMENT = 'exp';
const HOUR = DAY_MICROS / 24n;

/** Predictions of some days with repeats of ids, and outcomes early, late, corrected, and of nobody. */
function randomWorld(seed: number): { events: TestEvent[]; outcomes: TestOutcome[][] } {
  const random = randomOf(seed);
  const pick = (limit: number): number => Math.floor(random() * limit);
  const events = Array.from({ length: 6 + pick(6) }, (_, event): TestEvent => {
    const rows = Array.from({ length: 1 + pick(12) }, (): TestRow => {
      const served = 1 + pick(2);
      const inExperiment = random() < 0.7;
      return {
        id: `p${pick(60)}`,
        time: BigInt(FIRST_DAY + 100 + pick(3)) * DAY_MICROS + BigInt(pick(24)) * HOUR,
        served,
        scores: { [served]: random(), ...(random() < 0.5 ? { [3 - served]: random() } : {}) },
        experiment: inExperiment ? EXPERIMENT : '',
        arm: inExperiment ? (served === 1 ? 'live' : 'champion') : '',
        unit: random() < 0.8 ? `u${pick(5)}` : '',
        distance: random() * 1_000,
        carrier: random() < 0.5 ? 'AA' : 'ZZ',
      };
    });
    return { id: `e${String(event).padStart(3, '0')}`, rows };
  });
  const times = new Set<bigint>();
  const outcomes = Array.from({ length: 5 }, () =>
    Array.from({ length: 1 + pick(15) }, (): TestOutcome => {
      let observed = BigInt(FIRST_DAY + 98 + pick(7)) * DAY_MICROS + BigInt(pick(86_400_000)) * 1_000n;
      while (times.has(observed)) observed += 1n; // of equal times the last to arrive counts, which an order decides
      times.add(observed);
      return { id: `p${pick(70)}`, label: random() < 0.4 ? 1 : 0, observed };
    }),
  );
  return { events, outcomes };
}

const shuffled = <Item>(items: readonly Item[], random: () => number): Item[] =>
  items.map((item) => [random(), item] as const).toSorted(([left], [right]) => left - right).map(([, item]) => item); // prettier-ignore

describe('the monitor against a recomputation from all rows', () => {
  let databases: TestDatabases;
  const registry = new FakeRegistry();
  const profiles = [sampleProfile(1, 80), sampleProfile(2, 80)];
  beforeAll(async () => {
    databases = await sqliteDatabases();
    profiles.forEach(({ json }, index) => registry.publish('m', index + 1, json));
  });
  afterAll(() => databases.stop());
  const shareOf = (version: number): number => profiles[version - 1]?.profile.positiveShare ?? NaN;

  const answers = async ({ monitor }: MonitoringInstallation) => {
    const { windows } = await monitor.listWindows({ objective: OBJECTIVE });
    const days = windows.map(({ day, rows, labelled_rows: labelled, log_loss: logLoss, versions }) => ({
      day,
      rows: Number(rows),
      labelled: Number(labelled),
      logLoss,
      versions: versions.map((each) => ({
        version: Number(each.version),
        served: each.served,
        rows: Number(each.rows),
        labelled: Number(each.labelled_rows),
        meanScore: each.mean_score,
        meanLabel: each.mean_label,
        logLoss: each.log_loss,
        brier: each.brier,
      })),
    }));
    return days;
  };
  const experimentDays = async ({ monitor }: MonitoringInstallation, paired: boolean, until?: bigint) => {
    const { days } = await monitor.getExperimentDays({
      objective: OBJECTIVE,
      experiment: EXPERIMENT,
      paired,
      versions: paired ? [2, 1].map((version) => ({ model: 'm', version })) : [],
      ...(until === undefined ? {} : { until: { seconds: `${until / 1_000_000n}`, nanos: 0 } }),
    });
    return days.map((each) => ({
      day: each.day,
      arm: each.arm,
      version: Number(each.version?.version),
      rows: Number(each.rows),
      labelled: Number(each.labelled_rows),
      units: Number(each.units),
      logLossSum: each.log_loss_sum,
      brierSum: each.brier_sum,
      referenceLogLossSum: each.reference_log_loss_sum,
      referenceBrierSum: each.reference_brier_sum,
    }));
  };
  /** Equal but for the last digits of sums, which depend on their order; in one order. */
  const near = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? Number(each.toPrecision(10)) : each)),
    );
  const sorted = (days: readonly { day: string; arm: string; version: number }[]) =>
    near(days.toSorted((a, b) => `${a.day}${a.arm}${a.version}`.localeCompare(`${b.day}${b.arm}${b.version}`)));

  it('has the same numbers, whatever the order of arrival, redeliveries, and looks in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (world, order) => {
        const { events, outcomes } = randomWorld(world);
        const random = randomOf(order);
        const installation = await startMonitoring({ target: await databases.fresh(), registry });
        try {
          await installation.monitor.setMonitor({ objective: OBJECTIVE, output: 'probability', manual: true });
          const arrivals = shuffled([...events, ...events.slice(0, 3), ...outcomes, ...outcomes.slice(0, 2)], random);
          for (const arrival of arrivals) {
            if (Array.isArray(arrival)) await installation.monitor.recordOutcomes(outcomesOf(arrival));
            else await installation.deliver(arrival.id, eventOf(arrival.rows));
            if (random() < 0.2) await answers(installation); // what is kept must not outlive its blocks
            if (random() < 0.2) await experimentDays(installation, random() < 0.5);
          }
          const oracle = new Oracle(events, outcomes.flat(), 1);
          expect(near(await answers(installation))).toEqual(near(oracle.days()));
          for (const versions of [[], [2, 1]]) {
            const paired = versions.length > 0;
            const middle = BigInt(FIRST_DAY + 102) * DAY_MICROS;
            for (const until of [middle, undefined, middle]) {
              const expected = oracle.experiment(EXPERIMENT, versions, shareOf, until);
              expect(sorted(await experimentDays(installation, paired, until))).toEqual(sorted(expected));
            }
          }
        } finally {
          await installation.stop();
        }
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it('counts coverage while it grows, of whole days and of parts', async () => {
    const { events, outcomes } = randomWorld(7);
    const installation = await startMonitoring({ target: await databases.fresh(), registry });
    try {
      await installation.monitor.setMonitor({ objective: OBJECTIVE, output: 'probability', manual: true });
      const [begun, known]: [TestEvent[], TestOutcome[]] = [[], []];
      for (let step = 0; step < events.length; step += 1) {
        const [event, some] = [events[step], outcomes[step]];
        if (event) {
          begun.push(event);
          await installation.deliver(event.id, eventOf(event.rows));
        }
        if (some) {
          known.push(...some);
          await installation.monitor.recordOutcomes(outcomesOf(some));
        }
        const oracle = new Oracle(begun, known, 1);
        for (const [from, until] of [
          [0, 9],
          [101, 102],
          [100.4, 101.6],
          [99, 100.5],
        ] as const) {
          // prettier-ignore
          const micros = (day: number) => BigInt(FIRST_DAY) * DAY_MICROS + (BigInt(Math.round(day * 10)) * DAY_MICROS) / 10n; // prettier-ignore
          const at = (day: number) => ({ seconds: `${micros(day) / 1_000_000n}`, nanos: 0 });
          const bounds = until === 9 ? {} : { from: at(from), until: at(until) };
          const coverage = await installation.monitor.getCoverage({ objective: OBJECTIVE, ...bounds });
          const expected = until === 9 ? oracle.coverage() : oracle.coverage(micros(from), micros(until));
          expect(coverage).toEqual(expected);
        }
      }
    } finally {
      await installation.stop();
    }
  });
});
