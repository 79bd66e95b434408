const SAMPLES = 1_000;

/** The latest latencies, for percentiles over them. */
export class LatencyWindow {
  readonly #samples = new Float64Array(SAMPLES);
  #count = 0;

  add(micros: number): void {
    this.#samples[this.#count % SAMPLES] = micros;
    this.#count += 1;
  }

  /** Nearest rank; 0 while there is none. @param share 0 to 1. */
  percentile(share: number): number {
    const sorted = this.#samples.slice(0, Math.min(this.#count, SAMPLES)).sort();
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  }
}
