import { numberBinner, type ProfiledFeature, type ReferenceProfile } from '@slipway/reference-profile';
import type { FeatureCounts } from '../blocks/prediction-block.ts';
import type { LoggedCall } from '../logged-call.ts';
import { versionKey, type VersionRef } from '../versions.ts';

type CountRows = (call: LoggedCall, into: Float64Array) => void;

/** A version with the ways to count its features, made once for each profile. */
export interface ProfiledVersion {
  readonly counters: readonly CountRows[];
  readonly widths: readonly number[];
}

/** How the features of a profile are counted. A feature that a call does not have is not counted for it. */
export function profiledVersion({ features }: Pick<ReferenceProfile, 'features'>): ProfiledVersion {
  return {
    counters: features.map((feature) => (feature.kind === 'number' ? numberCounter(feature) : textCounter(feature))),
    widths: features.map(({ counts }) => counts.length),
  };
}

function numberCounter({ name, edges }: ProfiledFeature & { kind: 'number' }): CountRows {
  const binOf = numberBinner(edges);
  return ({ numberFeatures, predictionIds }, into) => {
    if (!Object.hasOwn(numberFeatures, name)) return;
    const values = numberFeatures[name]?.values ?? [];
    const rows = Math.min(values.length, predictionIds.length);
    for (let row = 0; row < rows; row += 1) {
      const bin = binOf(Number(values[row])); // NaN comes as text
      into[bin] = (into[bin] ?? 0) + 1;
    }
  };
}

/** An empty text is a null: the log has no other way to say it. */
function textCounter({ name, categories }: ProfiledFeature & { kind: 'text' }): CountRows {
  const slots = new Map<string, number>(categories.map((category, slot) => [category, slot]));
  const other = categories.length;
  return ({ textFeatures, predictionIds }, into) => {
    if (!Object.hasOwn(textFeatures, name)) return;
    const values = textFeatures[name]?.values ?? [];
    const rows = Math.min(values.length, predictionIds.length);
    for (let row = 0; row < rows; row += 1) {
      const value = values[row] ?? '';
      const slot = slots.get(value) ?? (value === '' ? other + 1 : other);
      into[slot] = (into[slot] ?? 0) + 1;
    }
  };
}

/** Adds up the features of a block against the reference of each version that scored its rows. */
export class FeatureCounter {
  readonly #profiled: ReadonlyMap<string, ProfiledVersion>;
  readonly #counts = new Map<number, Float64Array[]>();

  constructor(profiled: ReadonlyMap<string, ProfiledVersion>) {
    this.#profiled = profiled;
  }

  /** @param index of the version in the block. */
  add(index: number, version: VersionRef, call: LoggedCall): void {
    const profiled = this.#profiled.get(versionKey(version));
    if (!profiled) return;
    const counts = this.#counts.get(index) ?? profiled.widths.map((width) => new Float64Array(width));
    this.#counts.set(index, counts);
    profiled.counters.forEach((count, feature) => {
      const into = counts[feature];
      if (into) count(call, into);
    });
  }

  counts(): FeatureCounts[] {
    return [...this.#counts].map(([version, counts]) => ({ version, counts: counts.map((each) => [...each]) }));
  }
}
