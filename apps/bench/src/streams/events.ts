import { CLOUD_EVENT_CONTENT_TYPE } from '@slipway/contracts';
import { formatMicros, type seededRandom } from '@slipway/kernel';
import type { BusMessage, EventBus } from '@slipway/plugin-kit';
import { BATCH_EVENTS, KEYS } from './stream-plan.ts';

export const STREAM = 'measured';
export const FEATURES = ['a', 'b', 'c', 'd'] as const;
const SUBJECT = `slipway.v1.default.stream.${STREAM}.received`;
export const RECEIVED = `${SUBJECT}.>`;

/** Events as somebody puts them on the bus, distinct in id and in every value. @param from number of the first one. */
export function eventsOf(random: ReturnType<typeof seededRandom>, from: number, count: number): readonly BusMessage[] {
  return Array.from({ length: count }, (_, at) => {
    const [id, key] = [`e${from + at}`, `k${(from + at) % KEYS}`];
    const event = {
      specversion: '1.0',
      id,
      source: '/bench',
      type: `slipway.stream.${STREAM}.received.v1`,
      subject: key,
      time: formatMicros(986_688_000_000_000n + BigInt(from + at)),
      datacontenttype: 'application/json',
      workspace: 'default',
      data: Object.fromEntries(FEATURES.map((name) => [name, random.next() * 1_000])),
    };
    return {
      subject: `${SUBJECT}.${key}`,
      id: `default/${STREAM}:${id}:received`,
      key: `default/${key}`,
      data: Buffer.from(JSON.stringify(event)),
      headers: { 'content-type': CLOUD_EVENT_CONTENT_TYPE },
    };
  });
}

export async function publishAll(bus: EventBus, messages: readonly BusMessage[], signal: AbortSignal): Promise<void> {
  for (let from = 0; from < messages.length; from += BATCH_EVENTS)
    await bus.publish(messages.slice(from, from + BATCH_EVENTS), signal);
}
