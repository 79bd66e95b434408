import { DAY_MICROS, dayOf, dayText, type Day } from '../domain/day.ts';
import { inEventOrder, type TestOutcome, type TestRow } from './story.ts';

/** One event with its id. */
export interface TestEvent {
  readonly id: string;
  readonly rows: readonly TestRow[];
}

interface Known {
  readonly row: TestRow;
  readonly label: number | undefined;
}

/** The numbers of a version of a day, as the contract has them. */
export interface NaiveVersion {
  readonly version: number;
  readonly served: boolean;
  readonly rows: number;
  readonly labelled: number;
  readonly meanScore: number;
  readonly meanLabel: number;
  readonly logLoss: number;
  readonly brier: number;
}

export interface NaiveDay {
  readonly day: string;
  readonly rows: number;
  readonly labelled: number;
  readonly logLoss: number;
  readonly versions: readonly NaiveVersion[];
}

export interface NaiveExperimentDay {
  readonly day: string;
  readonly arm: string;
  readonly version: number;
  readonly rows: number;
  readonly labelled: number;
  readonly units: number;
  readonly logLossSum: number;
  readonly brierSum: number;
  readonly referenceLogLossSum: number;
  readonly referenceBrierSum: number;
}

const EPSILON = 2 ** -52;
const loss = (label: number, score: number): number => {
  const cut = Math.min(Math.max(score, EPSILON), 1 - EPSILON);
  return -(label * Math.log(cut) + (1 - label) * Math.log(1 - cut));
};
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The same questions answered from all the rows at once, without blocks, columns or sums that are kept. */
export class Oracle {
  readonly #events: readonly TestEvent[];
  readonly #outcomes: readonly TestOutcome[];
  readonly #delayDays: number;

  constructor(events: readonly TestEvent[], outcomes: readonly TestOutcome[], delayDays: number) {
    this.#events = events.toSorted((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
    this.#outcomes = outcomes;
    this.#delayDays = delayDays;
  }

  days(): readonly NaiveDay[] {
    return this.#dayNumbers().map((day) => {
      const known = this.#known(day);
      const answered = known.filter(({ row, label }) => label !== undefined && row.scores[row.served] !== undefined);
      const versions = [...new Set(known.flatMap(({ row }) => Object.keys(row.scores).map(Number)))].toSorted(
        (left, right) => left - right,
      );
      return {
        day: dayText(day),
        rows: known.length,
        labelled: known.filter(({ label }) => label !== undefined).length,
        logLoss:
          sum(answered.map(({ row, label = 0 }) => loss(label, row.scores[row.served] ?? NaN))) / answered.length,
        versions: versions.map((version) => this.#version(version, known)),
      };
    });
  }

  #version(version: number, known: readonly Known[]): NaiveVersion {
    const scored = known.flatMap(({ row, label }) => {
      const score = row.scores[version];
      return score === undefined ? [] : [{ score, label, served: row.served === version }];
    });
    const labelled = scored.flatMap(({ score, label }) => (label === undefined ? [] : [{ score, label }]));
    return {
      version,
      served: scored.some(({ served }) => served),
      rows: scored.length,
      labelled: labelled.length,
      meanScore: sum(scored.map(({ score }) => score)) / scored.length,
      meanLabel: sum(labelled.map(({ label }) => label)) / labelled.length,
      logLoss: sum(labelled.map(({ score, label }) => loss(label, score))) / labelled.length,
      brier: sum(labelled.map(({ score, label }) => (score - label) ** 2)) / labelled.length,
    };
  }

  /** @param versions to compare; empty for arms. @param shareOf the constant score of a version. */
  experiment(
    name: string,
    versions: readonly number[],
    shareOf: (version: number) => number,
    until = 2n ** 62n,
  ): readonly NaiveExperimentDay[] {
    return this.#dayNumbers()
      .filter((day) => BigInt(day) * DAY_MICROS < until)
      .flatMap((day) => {
        const known = this.#known(day, until).filter(({ row }) => row.experiment === name);
        const groups = new Map<string, { arm: string; version: number; rows: (Known & { score: number })[] }>();
        for (const each of known) {
          const { scores, served, arm } = each.row;
          if (versions.some((version) => scores[version] === undefined)) continue;
          for (const version of versions.length > 0 ? versions : [served]) {
            const score = scores[version];
            if (score === undefined) continue;
            const place = versions.length > 0 ? '' : arm;
            const group = groups.get(`${place}/${version}`) ?? { arm: place, version, rows: [] };
            groups.set(`${place}/${version}`, group);
            group.rows.push({ ...each, score });
          }
        }
        return [...groups.values()].map(({ arm, version, rows }) => {
          const labelled = rows.flatMap(({ score, label }) => (label === undefined ? [] : [{ score, label }]));
          const share = shareOf(version);
          return {
            day: dayText(day),
            arm,
            version,
            rows: rows.length,
            labelled: labelled.length,
            units: new Set(rows.flatMap(({ row }) => (row.unit === '' ? [] : [row.unit]))).size,
            logLossSum: sum(labelled.map(({ score, label }) => loss(label, score))),
            brierSum: sum(labelled.map(({ score, label }) => (score - label) ** 2)),
            referenceLogLossSum: sum(labelled.map(({ label }) => loss(label, share))),
            referenceBrierSum: sum(labelled.map(({ label }) => (share - label) ** 2)),
          };
        });
      });
  }

  /** Of a time; of all time without one. */
  coverage(from = -(2n ** 62n), until = 2n ** 62n) {
    const predictions = this.#dayNumbers().flatMap((day) =>
      this.#known(day).filter(({ row: { time } }) => time >= from && time < until),
    );
    const days = new Map(this.#dayNumbers().map((day) => [day, new Set(this.#known(day).map(({ row }) => row.id))]));
    const strangers = this.#outcomes.flatMap(({ id, observed }) => {
      const at = dayOf(observed);
      const isKnown = [...days].some(([day, ids]) => ids.has(id) && at >= day - 1 && at <= day + this.#delayDays + 1);
      return isKnown || observed < from || observed >= until ? [] : [`${at}/${id}`];
    });
    return {
      predictions: `${predictions.length}`,
      labelled: `${predictions.filter(({ label }) => label !== undefined).length}`,
      unmatched_outcomes: `${new Set(strangers).size}`,
    };
  }

  #dayNumbers(): readonly Day[] {
    const days = new Set(this.#events.flatMap(({ rows }) => rows.map(({ time }) => dayOf(time))));
    return [...days].toSorted((left, right) => left - right);
  }

  #known(day: Day, until = 2n ** 62n): readonly Known[] {
    const rows = new Map<string, TestRow>();
    for (const row of this.#events.flatMap((event) => inEventOrder(event.rows))) {
      if (dayOf(row.time) === day && !rows.has(row.id)) rows.set(row.id, row);
    }
    return [...rows.values()].map((row) => {
      const ours = this.#outcomes.filter(({ id, observed }) => {
        const at = dayOf(observed);
        return id === row.id && observed <= until && at >= day - 1 && at <= day + this.#delayDays + 1;
      });
      const latest = ours.reduce<TestOutcome | undefined>(
        (best, each) => (best && each.observed < best.observed ? best : each),
        undefined,
      );
      return { row, label: latest?.label };
    });
  }
}
