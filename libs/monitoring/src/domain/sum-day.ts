import { numberBinner, slotsOf, type LabelledSums, type ReferenceProfile } from '@slipway/reference-profile';
import { logLossOf } from '@slipway/stats';
import type { Day } from './day.ts';
import type { DayStats, VersionStats } from './day-stats.ts';
import { NO_LABEL, type DayJoin } from './join/day-join.ts';
import type { DayVisitor, VisitedBlock } from './join/day-visitor.ts';
import { versionKey, type VersionRef } from './versions.ts';

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface VersionSums {
  readonly ref: VersionRef;
  rows: number;
  answered: number;
  scoreSum: number;
  readonly labelled: Mutable<LabelledSums>;
  readonly scores: number[] | undefined;
  features: number[][] | undefined;
  readonly binOf: ((score: number) => number) | undefined;
}

const zeros = (length: number): number[] => Array.from({ length }, () => 0);

/** Adds up one day, by version. */
export class DaySums implements DayVisitor {
  readonly #profiles: ReadonlyMap<string, ReferenceProfile>;
  readonly #versions = new Map<string, VersionSums>();
  #rows = 0;
  #labelledRows = 0;
  #answeredLabelledRows = 0;
  #answeredLogLossSum = 0;

  /** @param profiles by `model/version`; without one there are no bins. */
  constructor(profiles: ReadonlyMap<string, ReferenceProfile>) {
    this.#profiles = profiles;
  }

  /** Adds the counts of features, which are kept by block: of duplicates they count every one. */
  block({ versions, features }: VisitedBlock): void {
    for (const { version: index, counts } of features) {
      const ref = versions[index];
      const profile = ref && this.#profiles.get(versionKey(ref));
      if (!ref || !profile) continue;
      const sums = this.#sumsOf(ref);
      sums.features ??= profile.features.map((feature) => zeros(slotsOf(feature)));
      sums.features.forEach((into, feature) => {
        const from = counts[feature] ?? [];
        for (let bin = 0; bin < into.length; bin += 1) into[bin] = (into[bin] ?? 0) + (from[bin] ?? 0);
      });
    }
  }

  share(join: DayJoin): void {
    this.#rows += join.rows;
    const sums = join.versions.map((version) => this.#sumsOf(version));
    for (let row = 0; row < join.rows; row += 1) {
      const label = join.labelOf(row);
      if (label !== NO_LABEL) this.#labelledRows += 1;
      const served = join.served.get(row);
      for (let version = 0; version < sums.length; version += 1) {
        const score = join.scores[version]?.get(row) ?? Number.NaN;
        const into = sums[version];
        if (!into || Number.isNaN(score)) continue;
        const loss = label === NO_LABEL ? 0 : logLossOf(label, score);
        addScore(into, score, label, loss);
        if (version !== served) continue;
        into.answered += 1;
        if (label === NO_LABEL) continue;
        this.#answeredLabelledRows += 1;
        this.#answeredLogLossSum += loss;
      }
    }
  }

  stats(day: Day, fingerprint: string): DayStats {
    const versions = [...this.#versions.values()].filter(({ rows }) => rows > 0).map(versionStatsOf);
    versions.sort((left, right) =>
      left.model === right.model ? left.version - right.version : left.model < right.model ? -1 : 1,
    );
    return {
      day,
      fingerprint,
      rows: this.#rows,
      labelledRows: this.#labelledRows,
      answeredLabelledRows: this.#answeredLabelledRows,
      answeredLogLossSum: this.#answeredLogLossSum,
      versions,
    };
  }

  #sumsOf(ref: VersionRef): VersionSums {
    const key = versionKey(ref);
    const known = this.#versions.get(key);
    if (known) return known;
    const edges = this.#profiles.get(key)?.scores.edges;
    const sums: VersionSums = {
      ref,
      rows: 0,
      answered: 0,
      scoreSum: 0,
      labelled: { rows: 0, positives: 0, scoreSum: 0, logLossSum: 0, brierSum: 0 },
      scores: edges && zeros(edges.length + 1),
      features: undefined,
      binOf: edges && numberBinner(edges),
    };
    this.#versions.set(key, sums);
    return sums;
  }
}

function addScore(into: VersionSums, score: number, label: number, loss: number): void {
  into.rows += 1;
  into.scoreSum += score;
  if (into.binOf && into.scores) {
    const bin = into.binOf(score);
    into.scores[bin] = (into.scores[bin] ?? 0) + 1;
  }
  if (label === NO_LABEL) return;
  const { labelled } = into;
  labelled.rows += 1;
  labelled.positives += label;
  labelled.scoreSum += score;
  labelled.logLossSum += loss;
  labelled.brierSum += (score - label) ** 2;
}

const versionStatsOf = ({ ref, rows, answered, scoreSum, labelled, scores, features }: VersionSums): VersionStats => ({
  model: ref.model,
  version: ref.version,
  digest: ref.digest,
  rows,
  answered,
  scoreSum,
  labelled,
  scores,
  features,
});
