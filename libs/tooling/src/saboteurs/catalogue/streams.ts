import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/serving/src/domain/stream';
const RPC = 'libs/serving/src/rpc/stream';
const WHOLE = ['libs/serving/src/streams.spec.ts'];

/** Each event has its effect once, and the events of a key have it in their order. */
export const STREAM_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'an event is acknowledged before its result is stored',
    file: `${DOMAIN}/running-stream.ts`,
    find: 'await this.#publish((signal) => bus.publish(results, signal));',
    replace: 'void this.#publish((signal) => bus.publish(results, signal)).catch(() => undefined);',
    suites: ['libs/serving/src/stream-acknowledgement.spec.ts'],
  },
  {
    name: 'an event is acknowledged before its row is in the table',
    file: `${DOMAIN}/running-stream.ts`,
    find: 'if (rows.length > 0) await this.#untilAvailable(',
    replace: 'if (rows.length > 0) void this.#untilAvailable(',
    suites: WHOLE,
  },
  {
    name: 'a result has another id each time it is published',
    file: `${RPC}/stream-messages.ts`,
    find: "id: messageId(stream, event.id, 'scored'),",
    replace: 'id: crypto.randomUUID(),',
    suites: WHOLE,
  },
  {
    name: 'streams run on a bus that forgets ids too soon',
    file: `${DOMAIN}/delivery-window.ts`,
    find: 'if (deduplicationWindowMs > neededMs) return;',
    replace: 'if (deduplicationWindowMs > delivery.ackWaitMs) return;',
    suites: [`${DOMAIN}/delivery-window.spec.ts`],
  },
];
