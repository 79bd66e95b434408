import { ExhaustedError } from '@slipway/kernel';
import type { ArmRef, PredictionBlock } from '../blocks/prediction-block.ts';
import type { OutcomeBlock } from '../blocks/outcome-block.ts';
import { dayText, type Day } from '../day.ts';
import { DAY_VERSIONS_MAX } from '../limits.ts';
import { versionKey, type VersionRef } from '../versions.ts';
import { Column, IntegerColumn } from './columns.ts';

/** Which share of the ids is joined: those whose hash is `part` modulo `parts`. */
export interface Share {
  readonly part: number;
  readonly parts: number;
}

export const NO_LABEL = -1;

/**
 * The predictions of one day, each id once, with the outcomes that belong to them. Blocks come in the order of their ids: the first one that
 * has a prediction counts. Of several outcomes of a prediction the one observed last counts, and of those observed at once the one added last.
 */
export class DayJoin {
  /** Every version that scored a row; one is there once, whatever digests the log gave it. */
  readonly versions: VersionRef[] = [];
  /** One column for each version; NaN where it did not score, or not a number. */
  readonly scores: Column[] = [];
  /** Index of the version that answered. */
  readonly served = new IntegerColumn();
  readonly arms: ArmRef[] = [];
  /** Index into `arms`, counted from 1; 0 without one. */
  readonly armOfRow = new IntegerColumn();
  /** Number of the unit, counted from 1 in the order of appearance; 0 without one. */
  readonly unitOfRow = new IntegerColumn();
  readonly times = new Column();
  /** 0, 1 or NO_LABEL. */
  readonly labels = new Column();
  /** Of the outcome that counts, microseconds. */
  readonly observed = new Column();
  /** Largest time of any outcome of these predictions, also of those that do not count; -Infinity without one. */
  lastObserved = Number.NEGATIVE_INFINITY;
  readonly #rows = new Map<string, number>();
  readonly #versionIndexes = new Map<string, number>();
  readonly #armIndexes = new Map<string, number>();
  readonly #units: Map<string, number>;
  readonly #day: Day;
  readonly #share: Share;

  /** @param units shared by the shares of a day, so that a unit has one number in all of them. */
  constructor(day: Day, share: Share, units: Map<string, number>) {
    this.#day = day;
    this.#share = share;
    this.#units = units;
  }

  /** Distinct predictions. */
  get rows(): number {
    return this.#rows.size;
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** @throws {ExhaustedError} reason DAY_VERSIONS_MAX. */
  addPredictions(block: PredictionBlock): void {
    const versionOf = block.versions.map((version) => this.#versionIndex(version));
    const armOf = block.arms.map((arm) => this.#armIndex(arm));
    const unitOf = block.units.map((unit) => numberOf(this.#units, unit) + 1);
    for (let row = 0; row < block.rows; row += 1) {
      const id = block.ids[row] ?? '';
      if (this.#rows.has(id) || !isInShare(id, this.#share)) continue;
      const at = this.#rows.size;
      this.#rows.set(id, at);
      for (let version = 0; version < versionOf.length; version += 1) {
        const score = block.scores[version]?.[row] ?? Number.NaN;
        if (Number.isFinite(score)) this.scores[versionOf[version] ?? 0]?.set(at, score);
      }
      this.served.set(at, versionOf[block.served[row] ?? 0] ?? 0);
      this.armOfRow.set(at, armOf[(block.armOfRow[row] ?? 0) - 1] ?? 0);
      this.unitOfRow.set(at, unitOf[(block.unitOfRow[row] ?? 0) - 1] ?? 0);
      this.times.set(at, block.times[row] ?? 0);
    }
  }

  /** @param until later observations are not known yet, microseconds. */
  addOutcomes({ ids, labels, observed }: OutcomeBlock, until = Number.POSITIVE_INFINITY): void {
    for (let index = 0; index < ids.length; index += 1) {
      const row = this.#rows.get(ids[index] ?? '');
      if (row === undefined) continue;
      const time = observed[index] ?? 0;
      if (time > this.lastObserved) this.lastObserved = time;
      if (time > until || time < this.observed.get(row)) continue; // NaN before the first one: false
      this.observed.set(row, time);
      this.labels.set(row, labels[index] ?? 0);
    }
  }

  labelOf(row: number): number {
    const label = this.labels.get(row);
    return Number.isNaN(label) ? NO_LABEL : label;
  }

  #versionIndex(version: VersionRef): number {
    const key = versionKey(version);
    const known = this.#versionIndexes.get(key);
    if (known !== undefined) return known;
    const index = this.versions.length;
    if (index >= DAY_VERSIONS_MAX) throw tooManyVersions(this.#day);
    this.#versionIndexes.set(key, index);
    this.versions.push(version);
    this.scores.push(new Column());
    return index;
  }

  #armIndex(arm: ArmRef): number {
    const index = numberOf(this.#armIndexes, `${arm.experiment}\n${arm.arm}`);
    if (index === this.arms.length) this.arms.push(arm);
    return index + 1;
  }
}

function numberOf(numbers: Map<string, number>, key: string): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}

/** FNV-1a over the UTF-16 units: any even spread will do. */
function isInShare(id: string, { part, parts }: Share): boolean {
  if (parts === 1) return true;
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % parts === part;
}

const tooManyVersions = (day: Day): ExhaustedError =>
  new ExhaustedError(`more than ${DAY_VERSIONS_MAX} versions scored predictions of ${dayText(day)}`, {
    reason: 'DAY_VERSIONS_MAX',
    facts: { day: dayText(day) },
  });
