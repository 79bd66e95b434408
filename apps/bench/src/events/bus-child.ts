import { createIdSource, seededRandom, systemClock, systemRandom } from '@slipway/kernel';
import { answerParent } from '../measure/bench-child.ts';
import { openBareNatsSide } from './bare-nats-side.ts';
import { openBareSqliteSide } from './bare-sqlite-side.ts';
import { MESSAGE_BYTES, type BusMeasure, type BusPlan, type BusSide, type Payload, type Side } from './bus-plan.ts';
import { openOurSide } from './our-side.ts';

/** Distinct keys: as many as models in a middling registry. */
const KEYS = 64;
const ids = createIdSource(systemClock, systemRandom);
let sides: Readonly<Record<Side, BusSide>> | undefined;
let random = seededRandom(0);

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return count / ((performance.now() - began) / 1000);
}

async function measure(side: BusSide, count: number): Promise<BusMeasure> {
  const messages = Array.from({ length: count }, (_, index): Payload => {
    return { id: ids.next(), key: `key-${index % KEYS}`, data: random.bytes(MESSAGE_BYTES) };
  });
  const published = await perSecond(count, () => side.publish(messages));
  const consumed = await perSecond(count, () => side.consume(count));
  return { published, consumed };
}

answerParent(async (plan: BusPlan) => {
  if ('driver' in plan) {
    random = seededRandom(plan.seed);
    const bare = plan.driver === 'sqlite' ? openBareSqliteSide(plan.directory) : await openBareNatsSide(plan.url);
    sides = { ours: await openOurSide(plan), bare };
    return undefined;
  }
  if (!sides) throw new Error('no bus is open');
  return measure(sides[plan.side], plan.messages);
});
