import type { Clock } from '@slipway/kernel';
import { predictionTableNotFound } from '../errors.ts';
import { RowCodec } from '../online/row-codec.ts';
import type { FeatureUnitOfWork } from '../unit-of-work.ts';
import { outputColumns, type PredictionTable } from './prediction-table.ts';

export interface KnownTable {
  readonly table: PredictionTable;
  readonly codec: RowCodec;
}

/** More than one process serves; what falls out is read again. */
const TABLES_MAX = 10_000;

/** The served version of each table, at most `refreshMs` behind a load of another process; one of this process is seen at once. */
export class PredictionTableCache {
  readonly #unitOfWork: FeatureUnitOfWork;
  readonly #clock: Clock;
  readonly #refreshMs: number;
  readonly #known = new Map<string, KnownTable & { readonly checkedAtMs: number }>();

  constructor(unitOfWork: FeatureUnitOfWork, clock: Clock, refreshMs: number) {
    this.#unitOfWork = unitOfWork;
    this.#clock = clock;
    this.#refreshMs = refreshMs;
  }

  /** @throws {NotFoundError} reason PREDICTION_TABLE_NOT_FOUND; that is never kept. */
  async get(workspace: string, name: string): Promise<KnownTable> {
    const key = `${workspace}/${name}`;
    const known = this.#known.get(key);
    const checkedAtMs = this.#clock.monotonicMs();
    if (known && checkedAtMs - known.checkedAtMs < this.#refreshMs) return known;
    const table = await this.#unitOfWork.read({ workspace }, ({ predictions }) => predictions.table(name));
    if (!table) throw predictionTableNotFound(name);
    const entry = { table, codec: new RowCodec(outputColumns(table)), checkedAtMs };
    this.#known.delete(key);
    this.#known.set(key, entry);
    const oldest = this.#known.keys().next();
    if (this.#known.size > TABLES_MAX && oldest.done !== true) this.#known.delete(oldest.value);
    return entry;
  }

  /** To be called after each change of this process. */
  forget(workspace: string, name: string): void {
    this.#known.delete(`${workspace}/${name}`);
  }
}
