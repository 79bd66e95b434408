import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeOutcomeBlock, type OutcomeBlock } from '../blocks/outcome-block.ts';
import { encodePredictionBlock, type PredictionBlock } from '../blocks/prediction-block.ts';
import { DaySums } from '../sum-day.ts';
import type { BlockKind, BlockReads, MonitoringUnitOfWork } from '../unit-of-work.ts';
import { DayJoin } from './day-join.ts';
import { JoinedDays } from './joined-days.ts';

const DAY = 10;
const OUTCOMES = { from: DAY - 1, until: DAY + 2 };
const SCOPE = { workspace: 'default', monitor: { objective: 'o', labelDelaySeconds: 0 } };
const { signal } = new AbortController();

type Arrival =
  | { readonly kind: 'predictions'; readonly id: string; readonly day: number; readonly block: PredictionBlock }
  | { readonly kind: 'outcomes'; readonly id: string; readonly day: number; readonly block: OutcomeBlock };

const predictions = (ids: readonly string[], score: number): PredictionBlock => ({
  rows: ids.length,
  versions: [{ model: 'm', version: 1, digest: '' }],
  arms: [],
  units: [],
  features: [],
  ids: [...ids],
  times: new Float64Array(ids.length),
  scores: [Float64Array.from(ids, () => score)],
  served: new Uint16Array(ids.length),
  armOfRow: new Uint16Array(ids.length),
  unitOfRow: new Uint32Array(ids.length),
});

const ids = fc.array(
  fc.integer({ min: 0, max: 8 }).map((id) => `p${id}`),
  { minLength: 1, maxLength: 4 },
);
const name = fc.integer({ min: 0, max: 30 }).map((id) => `b${String(id).padStart(2, '0')}`);
const arrival: fc.Arbitrary<Arrival> = fc.oneof(
  fc.record({
    kind: fc.constant('predictions' as const),
    id: name,
    day: fc.constant(DAY),
    block: fc
      .tuple(ids, fc.integer({ min: 1, max: 9 }))
      .map(([of, tenths]) => predictions([...new Set(of)], tenths / 10)),
  }),
  fc
    .record({ day: fc.integer({ min: OUTCOMES.from, max: OUTCOMES.until - 1 }), id: name, of: ids, hour: fc.nat(3) })
    .chain(({ day, id, of, hour }) =>
      fc.nat(1).map((label) => {
        const labels = Uint8Array.from(of, () => label);
        const observed = Float64Array.from(of, () => day * 24 + hour);
        return { kind: 'outcomes' as const, id, day, block: { ids: of, labels, observed } };
      }),
    ),
);

/** Blocks as a database has them: by id, each once. */
class Blocks {
  readonly #arrived: Arrival[] = [];
  reads = 0;

  add(next: Arrival): void {
    const same = ({ kind, id, day }: Arrival): boolean => kind === next.kind && id === next.id && day === next.day;
    if (!this.#arrived.some(same)) this.#arrived.push(next);
  }

  of(kind: BlockKind, day: number): readonly Arrival[] {
    return this.#arrived
      .filter((each) => each.kind === kind && each.day === day)
      .sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  joined(): JoinedDays {
    const blocks = {
      names: async (kind: BlockKind, _: string, day: number) => this.of(kind, day).map(({ id }) => id),
      named: async (kind: BlockKind, _: string, day: number, wanted: readonly string[]) => {
        this.reads += wanted.length;
        const found = this.of(kind, day).filter(({ id }) => wanted.includes(id));
        return found.map((each) => ({
          id: each.id,
          payload: each.kind === 'outcomes' ? encodeOutcomeBlock(each.block) : encodePredictionBlock(each.block),
        }));
      },
    } as Partial<BlockReads>;
    const unitOfWork = { read: (_: unknown, work: (reads: unknown) => unknown) => work({ blocks }) };
    return new JoinedDays(unitOfWork as unknown as MonitoringUnitOfWork);
  }

  /** All blocks in their order, joined at once. */
  anew(until: number): DayJoin {
    const join = new DayJoin(DAY, { part: 0, parts: 1 }, new Map());
    for (const each of this.of('predictions', DAY)) join.addPredictions((each as { block: PredictionBlock }).block);
    for (let day = OUTCOMES.from; day < OUTCOMES.until; day += 1)
      for (const each of this.of('outcomes', day)) join.addOutcomes((each as { block: OutcomeBlock }).block, until);
    return join;
  }
}

const statsOf = (join: DayJoin): unknown => {
  const sums = new DaySums(new Map());
  sums.share(join);
  return [sums.stats(DAY, ''), join.lastObserved];
};

describe('joined days', () => {
  it('show what a join of all blocks shows, in whatever order blocks come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arrival, { maxLength: 20 }),
        fc.integer({ min: OUTCOMES.from * 24, max: OUTCOMES.until * 24 }),
        async (all, until) => {
          const blocks = new Blocks();
          const joined = blocks.joined();
          for (const next of all) {
            blocks.add(next);
            let shown: unknown;
            const at = { day: DAY, outcomes: OUTCOMES, until };
            const isShown = await joined.visit(SCOPE, at, { share: (join) => (shown = statsOf(join)) }, signal);
            const anew = blocks.anew(until);
            expect(isShown).toBe(anew.lastObserved <= until);
            if (isShown) expect(shown).toEqual(statsOf(anew));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('read each block once while only outcomes come', async () => {
    const blocks = new Blocks();
    const joined = blocks.joined();
    const at = { day: DAY, outcomes: OUTCOMES, until: Number.POSITIVE_INFINITY };
    blocks.add({ kind: 'predictions', id: 'a', day: DAY, block: predictions(['p1', 'p2'], 0.5) });
    for (let hour = 1; hour <= 5; hour += 1) {
      const block = { ids: ['p1'], labels: Uint8Array.of(1), observed: Float64Array.of(hour) };
      blocks.add({ kind: 'outcomes', id: `o${hour}`, day: DAY, block });
      await Promise.all([1, 2].map(() => joined.visit(SCOPE, at, { share: () => undefined }, signal)));
    }
    expect(blocks.reads).toBe(6);
  });

  it('goes on after a visitor has failed', async () => {
    const blocks = new Blocks();
    const joined = blocks.joined();
    blocks.add({ kind: 'predictions', id: 'a', day: DAY, block: predictions(['p1'], 0.5) });
    const at = { day: DAY, outcomes: OUTCOMES, until: Number.POSITIVE_INFINITY };
    const failing = {
      share: () => {
        throw new Error('no room');
      },
    };
    await expect(joined.visit(SCOPE, at, failing, signal)).rejects.toThrow('no room');
    let rows = 0;
    await joined.visit(SCOPE, at, { share: (join) => (rows = join.rows) }, signal);
    expect(rows).toBe(1);
  });
});
