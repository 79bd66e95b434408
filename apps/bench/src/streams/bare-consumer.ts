import type { BusMessage, Delivery, EventBus } from '@slipway/plugin-kit';
import { RECEIVED } from './events.ts';
import { BATCH_EVENTS, IN_FLIGHT_MAX } from './stream-plan.ts';

interface Waiting {
  readonly delivery: Delivery;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * The least that a consumer with one effect for each event does on this bus: takes, publishes a message of the same size under an id that follows from
 * the event, acknowledges. What came in while the last publish ran is published together.
 * @returns when all events are acknowledged.
 */
export async function passOn(bus: EventBus, events: number, signal: AbortSignal): Promise<void> {
  const all = Promise.withResolvers<void>();
  let passed = 0;
  let waiting: Waiting[] = [];
  let isPublishing = false;
  const publish = async (): Promise<void> => {
    isPublishing = true;
    await Promise.resolve(); // the rest of what comes in this turn
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_EVENTS);
      waiting = waiting.slice(BATCH_EVENTS);
      try {
        await bus.publish(batch.map(toResult), signal);
        for (const { done } of batch) done.resolve();
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
      passed += batch.length;
      if (passed >= events) all.resolve();
    }
    isPublishing = false;
  };
  const subscription = await bus.subscribe(
    {
      durable: 'bare',
      subject: RECEIVED,
      from: 'beginning',
      ackWaitMs: 30_000,
      deliveriesMax: 10,
      backoffMs: [50],
      inFlightMax: IN_FLIGHT_MAX,
      keyRunMax: BATCH_EVENTS,
      handlerTimeoutMs: 30_000,
      deadLetter: (delivery) => ({ ...delivery, id: `dead-${delivery.id}` }),
    },
    (delivery) => {
      const done = Promise.withResolvers<void>();
      waiting.push({ delivery, done });
      if (!isPublishing) void publish();
      return done.promise;
    },
  );
  await all.promise;
  await subscription.drain(); // the acknowledgements are durable now
}

const toResult = ({ delivery: { id, subject, key, data, headers } }: Waiting): BusMessage => ({
  id: `${id}:passed`,
  subject: subject.replace('.received.', '.passed.'),
  key,
  data,
  headers,
});
