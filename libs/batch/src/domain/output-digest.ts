import { createHash } from 'node:crypto';
import type { OutputDigest } from './manifest.ts';

const BYTES = 8;

/**
 * Digest and means over all outputs: the values as float64, little endian, row after row, in the order of the rows. As the rows have an order of
 * their own, neither their cut into files nor the order in which these were made changes anything.
 */
export class OutputDigester {
  readonly #hash = createHash('sha256');
  readonly #outputs: readonly string[];
  readonly #sums: Float64Array;
  /** What additions have lost. */
  readonly #rests: Float64Array;
  #carry = Buffer.alloc(0);
  #count = 0;

  constructor(outputs: readonly string[]) {
    this.#outputs = outputs;
    this.#sums = new Float64Array(outputs.length);
    this.#rests = new Float64Array(outputs.length);
  }

  /** The next bytes, cut anywhere. */
  add(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    const bytes = this.#carry.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#carry, chunk]);
    const whole = bytes.length - (bytes.length % BYTES);
    for (let at = 0; at < whole; at += BYTES) this.#sum(bytes.readDoubleLE(at));
    this.#carry = bytes.subarray(whole);
  }

  /** Ends it. Means are left out where there is none, or none that JSON can hold. */
  end(): OutputDigest {
    const rows = this.#count / this.#outputs.length;
    const means = this.#outputs.map((name, at): [string, number] => [
      name,
      ((this.#sums[at] ?? 0) + (this.#rests[at] ?? 0)) / rows,
    ]);
    const told = means.filter(([, mean]) => Number.isFinite(mean));
    return { sha256: this.#hash.digest('hex'), means: Object.fromEntries(told) };
  }

  #sum(value: number): void {
    const at = this.#count % this.#outputs.length;
    this.#count += 1;
    const sum = this.#sums[at] ?? 0;
    const next = sum + value;
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    this.#sums[at] = next;
    this.#rests[at] = (this.#rests[at] ?? 0) + lost;
  }
}
