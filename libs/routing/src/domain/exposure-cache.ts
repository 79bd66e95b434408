import type { Exposure } from './assignment.ts';

/** First exposures that this process knows to be kept: a saving, never the truth. The least recently used goes first. */
export class ExposureCache {
  private readonly max: number;
  private readonly exposures = new Map<string, Exposure>();

  constructor(max: number) {
    this.max = max;
  }

  /** Those of the units that are known here. */
  known(experiment: string, unitHashes: readonly string[]): Map<string, Exposure> {
    const found = new Map<string, Exposure>();
    for (const unitHash of unitHashes) {
      const key = experiment + unitHash;
      const exposure = this.exposures.get(key);
      if (!exposure) continue;
      this.put(key, exposure);
      found.set(unitHash, exposure);
    }
    return found;
  }

  /** After they were committed. */
  remember(experiment: string, exposures: Iterable<Exposure>): void {
    for (const exposure of exposures) this.put(experiment + exposure.unitHash, exposure);
  }

  private put(key: string, exposure: Exposure): void {
    this.exposures.delete(key);
    this.exposures.set(key, exposure);
    if (this.exposures.size <= this.max) return;
    const oldest = this.exposures.keys().next();
    if (!oldest.done) this.exposures.delete(oldest.value);
  }
}
