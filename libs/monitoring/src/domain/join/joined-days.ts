import { decodeOutcomeBlock } from '../blocks/outcome-block.ts';
import { decodePredictionBlock } from '../blocks/prediction-block.ts';
import type { Day } from '../day.ts';
import { BLOCKS_PER_READ, JOINED_ROWS_KEPT_MAX } from '../limits.ts';
import type { BlockKind, DayRange, MonitoringUnitOfWork, StoredBlock } from '../unit-of-work.ts';
import { DayJoin } from './day-join.ts';
import type { DayScope, DayVisitor, VisitedBlock } from './day-visitor.ts';

/** A day as it is joined so far. */
interface JoinedDay {
  readonly join: DayJoin;
  readonly blocks: VisitedBlock[];
  /** Ids of the blocks that are in it, by `kind/day`, the last one last. */
  readonly included: Map<string, readonly string[]>;
}

/** Blocks that are there, of one kind and day, in their order. */
interface Listed {
  readonly kind: BlockKind;
  readonly day: Day;
  readonly names: readonly string[];
}

/**
 * Joined days in memory, so that looking at a day again and again, while its outcomes come in, reads each block once. It keeps nothing that is
 * not in the database, and a day that was not joined in the order of its blocks is joined anew.
 */
export class JoinedDays {
  readonly #unitOfWork: Pick<MonitoringUnitOfWork, 'read'>;
  /** The longest unused first. */
  readonly #days = new Map<string, JoinedDay>();
  /** One visit of a day at a time. */
  readonly #visits = new Map<string, Promise<void>>();

  constructor(unitOfWork: Pick<MonitoringUnitOfWork, 'read'>) {
    this.#unitOfWork = unitOfWork;
  }

  /**
   * Shows the whole day in one share.
   * @param outcomes days of observation. @returns false, and nothing was shown as a share, when outcomes after `until` are in it already.
   */
  async visit(
    scope: DayScope,
    at: { readonly day: Day; readonly outcomes: DayRange; readonly until: number },
    visitor: DayVisitor,
    signal: AbortSignal,
  ): Promise<boolean> {
    const key = `${scope.workspace}/${scope.monitor.objective}/${at.day}`;
    const before = this.#visits.get(key) ?? Promise.resolve();
    const visit = before.then(async () => {
      const joined = await this.#current(key, scope, at, signal);
      if (joined.join.lastObserved > at.until) return false;
      for (const block of joined.blocks) {
        await visitor.versions?.(block.versions);
        visitor.block?.(block);
      }
      visitor.share(joined.join);
      return true;
    });
    const settled = visit.then(
      () => undefined,
      () => undefined,
    );
    this.#visits.set(key, settled);
    try {
      return await visit;
    } finally {
      if (this.#visits.get(key) === settled) this.#visits.delete(key);
    }
  }

  async #current(
    key: string,
    scope: DayScope,
    { day, outcomes }: { readonly day: Day; readonly outcomes: DayRange },
    signal: AbortSignal,
  ): Promise<JoinedDay> {
    const listed = await this.#list(scope, day, outcomes);
    const kept = this.#days.get(key);
    this.#days.delete(key); // a visit that fails in the middle leaves nothing
    const joined: JoinedDay =
      kept && goesOn(kept, listed)
        ? kept
        : { join: new DayJoin(day, { part: 0, parts: 1 }, new Map()), blocks: [], included: new Map() };
    for (const list of listed) await this.#add(joined, scope, list, signal);
    this.#days.set(key, joined);
    this.#makeRoom();
    return joined;
  }

  #list({ workspace, monitor: { objective } }: DayScope, day: Day, outcomes: DayRange): Promise<readonly Listed[]> {
    return this.#unitOfWork.read({ workspace }, async ({ blocks }) => {
      const listed: Listed[] = [{ kind: 'predictions', day, names: await blocks.names('predictions', objective, day) }];
      for (let at = outcomes.from; at < outcomes.until; at += 1)
        listed.push({ kind: 'outcomes', day: at, names: await blocks.names('outcomes', objective, at) });
      return listed;
    });
  }

  /** Blocks that are not in it yet, in their order. */
  async #add(joined: JoinedDay, scope: DayScope, { kind, day, names }: Listed, signal: AbortSignal): Promise<void> {
    const known = joined.included.get(`${kind}/${day}`)?.length ?? 0;
    for (let from = known; from < names.length; from += BLOCKS_PER_READ) {
      signal.throwIfAborted();
      const some = names.slice(from, from + BLOCKS_PER_READ);
      const found = await this.#unitOfWork.read(scope, ({ blocks }) =>
        blocks.named(kind, scope.monitor.objective, day, some),
      );
      const byId = new Map(found.map((block) => [block.id, block]));
      for (const name of some) addBlock(joined, kind, byId.get(name));
    }
    joined.included.set(`${kind}/${day}`, names);
  }

  #makeRoom(): void {
    let total = 0;
    for (const { join } of this.#days.values()) total += join.rows;
    for (const [key, { join }] of this.#days) {
      if (total <= JOINED_ROWS_KEPT_MAX) return;
      this.#days.delete(key);
      total -= join.rows;
    }
  }
}

function addBlock({ join, blocks }: JoinedDay, kind: BlockKind, block: StoredBlock | undefined): void {
  if (!block) return; // removed since it was listed
  if (kind === 'outcomes') return join.addOutcomes(decodeOutcomeBlock(block.payload));
  const decoded = decodePredictionBlock(block.payload);
  const { versions, features } = decoded;
  blocks.push({ versions, features });
  join.addPredictions(decoded);
}

/**
 * Whether what is listed now only adds to the end: of several predictions with one id the first counts and of outcomes observed at once the last,
 * and an outcome finds only predictions that came before it.
 */
function goesOn({ included }: JoinedDay, listed: readonly Listed[]): boolean {
  const hasOutcomes = [...included].some(([key, names]) => key.startsWith('outcomes/') && names.length > 0);
  return listed.every(({ kind, day, names }) => {
    const known = included.get(`${kind}/${day}`) ?? [];
    if (kind === 'predictions' && hasOutcomes && names.length !== known.length) return false;
    return known.length <= names.length && known.every((name, index) => name === names[index]);
  });
}
