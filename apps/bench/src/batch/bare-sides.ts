import { DuckDBInstance, type DuckDBDoubleVector } from '@duckdb/node-api';
import ort from 'onnxruntime-node';

/**
 * Reads columns of a Parquet file into arrays, a chunk at a time, and does nothing else.
 * @returns one array for each column.
 */
export async function scanColumns(
  file: string,
  columns: readonly string[],
  rows: number,
): Promise<readonly Float64Array[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' }); // as many as the worker has
  const connection = await instance.connect();
  try {
    const arrays = columns.map(() => new Float64Array(rows));
    const result = await connection.stream(`select ${columns.join(', ')} from read_parquet('${file}')`);
    let done = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) break;
      for (const [column, array] of arrays.entries()) {
        const { items } = chunk.getColumnVector(column) as unknown as { items: DuckDBDoubleVector['items'] };
        array.set(items.subarray(0, chunk.rowCount), done);
      }
      done += chunk.rowCount;
    }
    if (done !== rows) throw new Error(`${file} has ${done} rows of ${rows}`);
    return arrays;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The graph in a session of its own, one thread, one tensor for each column. */
export class BareRuntime {
  readonly #session: ort.InferenceSession;
  readonly #columns: readonly (Float32Array | Float64Array)[];
  readonly #output: string;

  private constructor(
    session: ort.InferenceSession,
    columns: readonly (Float32Array | Float64Array)[],
    output: string,
  ) {
    this.#session = session;
    this.#columns = columns;
    this.#output = output;
  }

  /** @param columns by input; made into the type that each input takes. */
  static async load(graph: Uint8Array, columns: readonly Float64Array[], output: string): Promise<BareRuntime> {
    const session = await ort.InferenceSession.create(graph, { executionMode: 'sequential', intraOpNumThreads: 1 });
    const given = session.inputMetadata.map((input, at) => {
      const column = columns[at] ?? new Float64Array(0);
      return input.isTensor && input.type === 'float32' ? Float32Array.from(column) : column;
    });
    return new BareRuntime(session, given, output);
  }

  /** @returns the output, row by row. */
  async run(batchRows: number): Promise<Float64Array> {
    const rows = this.#columns[0]?.length ?? 0;
    const scores = new Float64Array(rows);
    for (let from = 0; from < rows; from += batchRows) {
      const to = Math.min(rows, from + batchRows);
      const feeds: Record<string, ort.Tensor> = {};
      for (const [at, name] of this.#session.inputNames.entries()) {
        const part = this.#columns[at]?.subarray(from, to) ?? new Float64Array(0);
        const shape = [to - from, 1];
        feeds[name] = part instanceof Float32Array ? new ort.Tensor('float32', part, shape) : new ort.Tensor('float64', part, shape); // prettier-ignore
      }
      const { [this.#output]: output } = await this.#session.run(feeds, [this.#output]);
      scores.set((output?.data as Float32Array | undefined) ?? [], from);
    }
    return scores;
  }
}
