import type { WritePredictionsRequest, WritePredictionsResponse__Output } from '@slipway/contracts/slipway.features.v1';
import Database from 'better-sqlite3';
import type { StoredPredictionCalls } from '../../rpc/stream/prediction-table-calls.ts';

export interface KeptPrediction {
  readonly key: string;
  readonly output: number;
  /** How many rows were newer than the one before them. */
  readonly writes: number;
}

/** A table of predictions of one key and one output in a file, which outlives the processes that write it. */
export class SqlitePredictionTables implements StoredPredictionCalls {
  readonly #database: Database.Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.pragma('journal_mode = WAL');
    this.#database.exec(
      'create table if not exists kept (key text primary key, time integer, sequence integer, output real, writes integer)',
    );
  }

  writePredictions(request: WritePredictionsRequest): Promise<WritePredictionsResponse__Output> {
    const [keys] = Object.values(request.keys ?? {});
    const [outputs] = Object.values(request.outputs ?? {});
    const put = this.#database.prepare(
      `insert into kept values (?, ?, ?, ?, 1) on conflict (key) do update set
         time = excluded.time, sequence = excluded.sequence, output = excluded.output, writes = writes + 1
       where (excluded.time, excluded.sequence) > (kept.time, kept.sequence)`,
    );
    const write = this.#database.transaction(() => {
      let stored = 0;
      for (const [row, key] of (keys?.strings?.values ?? []).entries()) {
        const [time, sequence] = [Number(request.time_micros?.[row]), Number(request.sequences?.[row])];
        stored += put.run(key, time, sequence, outputs?.numbers?.values?.[row] ?? 0).changes;
      }
      return stored;
    });
    return Promise.resolve({ stored: `${write.immediate()}` });
  }

  all(): KeptPrediction[] {
    return this.#database.prepare<[], KeptPrediction>('select key, output, writes from kept').all();
  }

  close(): void {
    this.#database.close();
  }
}
