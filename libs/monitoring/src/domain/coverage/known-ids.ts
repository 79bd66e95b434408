import { decodeOutcomeBlock } from '../blocks/outcome-block.ts';
import { decodePredictionBlock } from '../blocks/prediction-block.ts';
import type { Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import type { DayScope } from '../join/day-visitor.ts';
import { BLOCKS_PER_READ } from '../limits.ts';
import type { BlockKind } from '../unit-of-work.ts';

interface KnownDay {
  readonly ids: Set<string>;
  /** Names of the blocks that are in it. */
  readonly blocks: Set<string>;
}

/** Ids in memory, all days together; the day that is asked for is there however large it is. */
const IDS_MAX = 4_000_000;

const IDS_OF: Record<BlockKind, (payload: Uint8Array) => readonly string[]> = {
  predictions: (payload) => decodePredictionBlock(payload).ids,
  outcomes: (payload) => decodeOutcomeBlock(payload).ids,
};

/**
 * Prediction ids by day, for callers that ask again and again whether everything has arrived: blocks are never changed, so only those are read that
 * were not there before. It keeps nothing that is not in the database.
 */
export class KnownIds {
  readonly #unitOfWork: MonitoringDependencies['unitOfWork'];
  /** The longest unused first. */
  readonly #days = new Map<string, KnownDay>();
  readonly #counts = new WeakMap<ReadonlySet<string>, { readonly sizes: string; readonly found: number }>();

  constructor({ unitOfWork }: Pick<MonitoringDependencies, 'unitOfWork'>) {
    this.#unitOfWork = unitOfWork;
  }

  /**
   * Ids of some days, of the predictions or of the observation of outcomes, in the order of the days; only to be read. The same set comes again
   * for a day, larger or as it was.
   */
  async of(
    kind: BlockKind,
    scope: DayScope,
    days: readonly Day[],
    signal: AbortSignal,
  ): Promise<readonly ReadonlySet<string>[]> {
    const { objective } = scope.monitor;
    const names = await this.#unitOfWork.read(scope, async ({ blocks }) => {
      const found: (readonly string[])[] = [];
      for (const day of days) found.push(await blocks.names(kind, objective, day));
      return found;
    });
    const sets: ReadonlySet<string>[] = [];
    for (const [index, day] of days.entries()) sets.push(await this.#day(kind, scope, day, names[index] ?? [], signal));
    return sets;
  }

  async #day(
    kind: BlockKind,
    scope: DayScope,
    day: Day,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const { objective } = scope.monitor;
    const key = `${kind}/${scope.workspace}/${objective}/${day}`;
    const known: KnownDay = this.#days.get(key) ?? { ids: new Set(), blocks: new Set() };
    const missing = names.filter((name) => !known.blocks.has(name));
    for (let from = 0; from < missing.length; from += BLOCKS_PER_READ) {
      signal.throwIfAborted();
      const some = missing.slice(from, from + BLOCKS_PER_READ);
      const found = await this.#unitOfWork.read(scope, ({ blocks }) => blocks.named(kind, objective, day, some));
      for (const { id, payload } of found) {
        for (const each of IDS_OF[kind](payload)) known.ids.add(each);
        known.blocks.add(id);
      }
    }
    this.#days.delete(key);
    this.#days.set(key, known);
    this.#makeRoom(key);
    return known.ids;
  }

  /** How many of `ids` are in one of `sets`, all of them from here: sets only grow, so as long as none has grown it is known. */
  countIn(ids: ReadonlySet<string>, sets: readonly ReadonlySet<string>[]): number {
    const sizes = [ids, ...sets].map(({ size }) => size).join('/');
    const kept = this.#counts.get(ids);
    if (kept?.sizes === sizes) return kept.found;
    const found = countIn(ids, sets);
    this.#counts.set(ids, { sizes, found });
    return found;
  }

  #makeRoom(asked: string): void {
    let total = 0;
    for (const { ids } of this.#days.values()) total += ids.size;
    for (const [key, { ids }] of this.#days) {
      if (total <= IDS_MAX || key === asked) return;
      this.#days.delete(key);
      total -= ids.size;
    }
  }
}

/** How many of `ids` are in one of `sets`. */
export function countIn(ids: ReadonlySet<string>, sets: readonly ReadonlySet<string>[]): number {
  const some = sets.filter(({ size }) => size > 0);
  let found = 0;
  for (const id of ids) {
    for (const set of some) {
      if (!set.has(id)) continue;
      found += 1;
      break;
    }
  }
  return found;
}
