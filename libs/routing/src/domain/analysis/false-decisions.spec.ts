import { describe, expect, it } from 'vitest';
import { unitHasher } from '@slipway/assignments';
import { seededRandom } from '@slipway/kernel';
import { sampleDay, sampleExperiment } from '../../testing/sample-experiment.ts';
import { createSplitter } from '../assignment.ts';
import type { RoutingExperiment } from '../routing-experiment.ts';
import { judge } from './analysis.ts';
import { chooseDays, type ArmSums, type DaySums } from './day-sums.ts';
import { sampleRatioP } from './sample-ratio.ts';

type Seeded = ReturnType<typeof seededRandom>;

const normal = (random: Seeded): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

const hash = unitHasher(['day', 'origin']);
const empty = () => ({ rows: 0, labelledRows: 0, lossSum: 0, referenceSum: 0 });

/**
 * One day of an experiment between two arms with the same model: airports of very different size, weather that all rows of the day share, a
 * difficulty of each airport, heavy tails. What a unit loses does not depend on its arm; which arm it gets is up to the real hash.
 */
function dayOf(
  split: ReturnType<typeof createSplitter>,
  day: number,
  random: Seeded,
  units: [number, number],
): DaySums {
  const arms: [Mutable, Mutable] = [empty(), empty()];
  const weather = Math.exp(0.5 * normal(random));
  for (let origin = 0; origin < UNITS; origin += 1) {
    const index = split(hash([BigInt(day), `A${origin}`])).arm;
    const arm = arms[index];
    units[index] += 1;
    const rows = Math.ceil(5 * Math.exp(1.3 * normal(random)));
    const reference = weather * (0.4 + 0.1 * random.next());
    arm.rows += rows;
    arm.labelledRows += rows;
    arm.referenceSum += rows * reference;
    arm.lossSum += rows * (0.8 * reference + 0.1 * Math.exp(normal(random)));
  }
  return { day: sampleDay(day), control: arms[0], treatment: arms[1] };
}

type Mutable = { -readonly [Field in keyof ArmSums]: ArmSums[Field] };
const UNITS = 40;

/** Looks at the end of each day, as the service does. @returns whether it ever decides. */
function everDecides(experiment: RoutingExperiment, days: number, seed: number): boolean {
  const random = seededRandom(seed);
  const split = createSplitter({ ...experiment, salt: `salt-${seed}` });
  const seen: DaySums[] = [];
  let ratioP = 1;
  const units: [number, number] = [0, 0];
  for (let day = 1; day <= days; day += 1) {
    seen.push(dayOf(split, day, random, units));
    const [control, treatment] = units;
    ratioP = sampleRatioP([{ revision: 1n, share: experiment.share, control, treatment }], ratioP);
    const { complete } = chooseDays(seen, experiment.policy.coverageMin);
    if (judge(experiment, complete, ratioP).verdict === 'decide') return true;
  }
  return false;
}

const falseDecisions = (experiment: RoutingExperiment, days: number, experiments: number): number =>
  Array.from({ length: experiments }, (_, seed) => everDecides(experiment, days, seed + 1)).filter(Boolean).length /
  experiments;

describe('an A/B test between two arms without a difference, looked at on every day', () => {
  it('decides at most as often as alpha says: equal shares, 2000 experiments of 14 days', () => {
    const rate = falseDecisions(sampleExperiment(), 14, 2_000);
    expect(rate).toBeLessThanOrEqual(0.05);
    expect(rate).toBeGreaterThan(0); // it can decide at all
  }, 60_000);

  it('decides at most as often as alpha says: equal shares, 400 experiments of 60 days', () => {
    expect(falseDecisions(sampleExperiment(), 60, 400)).toBeLessThanOrEqual(0.05);
  }, 60_000);

  it('decides at most as often as alpha says: shares of 3 and 7 tenths, 1000 experiments of 14 days', () => {
    expect(falseDecisions(sampleExperiment({ share: 300 }), 14, 1_000)).toBeLessThanOrEqual(0.05);
  }, 60_000);
});
