import { logLossOf } from '@slipway/stats';
import { NO_LABEL, type DayJoin } from './join/day-join.ts';
import { versionKey, type VersionRef } from './versions.ts';

/** A version to compare. */
export type ComparedVersion = Pick<VersionRef, 'model' | 'version'>;

/** Sums of one arm and the version that answered in it, or of one version, over the rows of an experiment on one day. */
export interface ExperimentSums {
  /** Empty when versions are compared. */
  readonly arm: string;
  readonly version: ComparedVersion;
  readonly rows: number;
  readonly labelledRows: number;
  readonly units: number;
  readonly logLossSum: number;
  readonly brierSum: number;
  readonly referenceLogLossSum: number;
  readonly referenceBrierSum: number;
}

interface Sums {
  readonly arm: string;
  readonly version: ComparedVersion;
  readonly constant: number;
  readonly units: Set<number>;
  rows: number;
  labelledRows: number;
  logLossSum: number;
  brierSum: number;
  referenceLogLossSum: number;
  referenceBrierSum: number;
}

/**
 * Adds up one day of one experiment. By arm: rows that were answered in it, by the score that was answered. By version: rows that all of the
 * versions scored, answered or not.
 */
export class ExperimentDaySums {
  /** Largest time of an outcome of any prediction of the day. */
  lastObserved = Number.NEGATIVE_INFINITY;
  readonly #experiment: string;
  readonly #versions: readonly ComparedVersion[];
  readonly #constantOf: (version: ComparedVersion) => number;
  readonly #sums = new Map<string, Sums>();

  /**
   * @param versions to compare; empty for arms.
   * @param constantOf the constant score that a version is held against: the share of positive labels in its reference.
   */
  constructor(
    experiment: string,
    versions: readonly ComparedVersion[],
    constantOf: (version: ComparedVersion) => number,
  ) {
    this.#experiment = experiment;
    this.#versions = versions;
    this.#constantOf = constantOf;
  }

  share(join: DayJoin): void {
    this.lastObserved = Math.max(this.lastObserved, join.lastObserved);
    const ours = join.arms.map(({ experiment }) => experiment === this.#experiment);
    const columns = this.#versions.map((version) =>
      join.versions.findIndex((other) => versionKey(other) === versionKey(version)),
    );
    if (columns.includes(-1)) return; // one of them scored nothing
    for (let row = 0; row < join.rows; row += 1) {
      const arm = join.armOfRow.get(row) - 1;
      if (arm < 0 || !ours[arm]) continue;
      if (columns.length === 0) {
        const served = join.served.get(row);
        const version = join.versions[served];
        const score = join.scores[served]?.get(row) ?? Number.NaN;
        if (version && !Number.isNaN(score)) this.#add(join.arms[arm]?.arm ?? '', version, score, join, row);
      } else this.#addCompared(columns, join, row);
    }
  }

  sums(): readonly ExperimentSums[] {
    return [...this.#sums.values()].map(({ units, ...sums }) => ({
      arm: sums.arm,
      version: sums.version,
      rows: sums.rows,
      labelledRows: sums.labelledRows,
      units: units.size,
      logLossSum: sums.logLossSum,
      brierSum: sums.brierSum,
      referenceLogLossSum: sums.referenceLogLossSum,
      referenceBrierSum: sums.referenceBrierSum,
    }));
  }

  #addCompared(columns: readonly number[], join: DayJoin, row: number): void {
    const scores = columns.map((column) => join.scores[column]?.get(row) ?? Number.NaN);
    if (scores.some(Number.isNaN)) return;
    this.#versions.forEach((version, index) => this.#add('', version, scores[index] ?? 0, join, row));
  }

  #add(arm: string, version: ComparedVersion, score: number, join: DayJoin, row: number): void {
    const sums = this.#sumsOf(arm, version);
    const unit = join.unitOfRow.get(row);
    sums.rows += 1;
    if (unit > 0) sums.units.add(unit);
    const label = join.labelOf(row);
    if (label === NO_LABEL) return;
    sums.labelledRows += 1;
    sums.logLossSum += logLossOf(label, score);
    sums.brierSum += (score - label) ** 2;
    sums.referenceLogLossSum += logLossOf(label, sums.constant);
    sums.referenceBrierSum += (sums.constant - label) ** 2;
  }

  #sumsOf(arm: string, { model, version }: ComparedVersion): Sums {
    const key = `${arm}\n${model}/${version}`;
    const known = this.#sums.get(key);
    if (known) return known;
    const zero = { logLossSum: 0, brierSum: 0, referenceLogLossSum: 0, referenceBrierSum: 0 };
    const constant = this.#constantOf({ model, version });
    const sums = { arm, version: { model, version }, constant, units: new Set<number>(), rows: 0, labelledRows: 0 };
    const made: Sums = { ...sums, ...zero };
    this.#sums.set(key, made);
    return made;
  }
}
