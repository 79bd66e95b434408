import type { ArmRef, FeatureCounts, PredictionBlock } from '../blocks/prediction-block.ts';
import type { LoggedCall, LoggedUnit } from '../logged-call.ts';
import { versionKey, type VersionRef } from '../versions.ts';
import { FeatureCounter, type ProfiledVersion } from './count-features.ts';

const UNIT_HASH_CHARACTERS = 24;

/** Numbers things in the order in which they are first seen. */
class Dictionary<Item> {
  readonly items: Item[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(key: string, make: () => Item): number {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.items.length);
    this.items.push(make());
    return this.items.length - 1;
  }
}

const fullKey = (version: VersionRef): string => `${versionKey(version)}@${version.digest}`;

/**
 * One block of calls of one objective and one day, in their order.
 * @param output name of the output that is the score. @param profiled the versions whose features can be counted, by `model/version`.
 */
export function buildBlock(
  calls: readonly LoggedCall[],
  output: string,
  profiled: ReadonlyMap<string, ProfiledVersion>,
): PredictionBlock {
  const rows = calls.reduce((sum, { predictionIds }) => sum + predictionIds.length, 0);
  const versions = new Dictionary<VersionRef>();
  for (const { served, shadows } of calls) {
    versions.indexOf(fullKey(served), () => served);
    for (const { version } of shadows) versions.indexOf(fullKey(version), () => version);
  }
  const block = emptyBlock(rows, versions.items);
  const arms = new Dictionary<ArmRef>();
  const units = new Dictionary<string>();
  const features = new FeatureCounter(profiled);
  let at = 0;
  for (const call of calls) {
    const scored = [{ version: call.served, outputs: call.outputs }, ...call.shadows];
    for (const { version, outputs } of scored) {
      const index = versions.indexOf(fullKey(version), () => version);
      const column = Object.hasOwn(outputs, output) ? outputs[output]?.values : undefined;
      if (column) block.scores[index]?.set(Float64Array.from(column.slice(0, call.predictionIds.length), Number), at);
      features.add(index, version, call);
    }
    addCall(block, call, at, { served: versions.indexOf(fullKey(call.served), () => call.served), arms, units });
    at += call.predictionIds.length;
  }
  return { ...block, arms: arms.items, units: units.items, features: features.counts() };
}

type EmptyBlock = PredictionBlock & { readonly ids: string[] };

function emptyBlock(rows: number, versions: readonly VersionRef[]): EmptyBlock {
  return {
    rows,
    versions,
    arms: [],
    units: [],
    features: [] as FeatureCounts[],
    ids: [],
    times: new Float64Array(rows),
    scores: versions.map(() => new Float64Array(rows).fill(Number.NaN)),
    served: new Uint16Array(rows),
    armOfRow: new Uint16Array(rows),
    unitOfRow: new Uint32Array(rows),
  };
}

interface Place {
  readonly served: number;
  readonly arms: Dictionary<ArmRef>;
  readonly units: Dictionary<string>;
}

function addCall(block: EmptyBlock, call: LoggedCall, at: number, { served, arms, units }: Place): void {
  const { predictionIds, unitOfRow } = call;
  const places = call.units.map((unit) => ({ arm: armIndex(arms, unit), unit: unitIndex(units, unit) }));
  block.times.fill(Number(call.time), at, at + predictionIds.length);
  block.served.fill(served, at, at + predictionIds.length);
  for (let row = 0; row < predictionIds.length; row += 1) {
    block.ids.push(predictionIds[row] ?? '');
    const place = unitOfRow.length > 0 ? places[unitOfRow[row] ?? 0] : undefined;
    if (!place) continue;
    block.armOfRow[at + row] = place.arm;
    block.unitOfRow[at + row] = place.unit;
  }
}

const armIndex = (arms: Dictionary<ArmRef>, { experiment, arm }: LoggedUnit): number =>
  experiment === '' ? 0 : arms.indexOf(`${experiment}\n${arm}`, () => ({ experiment, arm })) + 1;

function unitIndex(units: Dictionary<string>, { unitHash }: LoggedUnit): number {
  const short = unitHash.slice(0, UNIT_HASH_CHARACTERS);
  return short === '' ? 0 : units.indexOf(short, () => short) + 1;
}
