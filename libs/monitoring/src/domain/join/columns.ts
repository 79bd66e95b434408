const FIRST = 1_024;

/** Numbers by row that grow with the rows; NaN where none was set. */
export class Column {
  #values = new Float64Array(FIRST).fill(Number.NaN);

  get(row: number): number {
    return this.#values[row] ?? Number.NaN;
  }

  set(row: number, value: number): void {
    if (row >= this.#values.length) {
      const grown = new Float64Array(Math.max(row + 1, this.#values.length * 2)).fill(Number.NaN);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[row] = value;
  }
}

/** Small whole numbers by row that grow with the rows; 0 where none was set. */
export class IntegerColumn {
  #values = new Uint32Array(FIRST);

  get(row: number): number {
    return this.#values[row] ?? 0;
  }

  set(row: number, value: number): void {
    if (row >= this.#values.length) {
      const grown = new Uint32Array(Math.max(row + 1, this.#values.length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[row] = value;
  }
}
