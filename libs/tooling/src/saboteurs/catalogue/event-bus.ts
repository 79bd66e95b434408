import type { Saboteur } from '../saboteur.ts';

const KIT = 'libs/plugin-kit/src';
const SQLITE = 'libs/plugins/event-bus-sqlite/src';
const KEYED_DELIVERY = [`${KIT}/keyed-delivery.spec.ts`];
const LOG = [`${SQLITE}/sqlite-log.spec.ts`];
const CONTRACT = [`${SQLITE}/sqlite-event-bus.spec.ts`];

/** Delivery in order per key, and the embedded log. */
export const EVENT_BUS_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'messages of one key are handled at once',
    file: `${KIT}/keyed-delivery.ts`,
    find: 'if (lane) return void lane.push(held);',
    replace: 'if (lane) lane.push(held);',
    suites: KEYED_DELIVERY,
  },
  {
    name: 'a failing key holds back all others',
    file: `${KIT}/keyed-delivery.ts`,
    find: 'const { key } = held.message;',
    replace: "const key = 'all';",
    suites: KEYED_DELIVERY,
  },
  {
    name: 'a message is acknowledged before its handler',
    file: `${KIT}/keyed-delivery.ts`,
    find: 'const failure = await this.#attempt(held, failures + 1);',
    replace: `await this.#settlement.acknowledge(held);
      const failure = await this.#attempt(held, failures + 1);`,
    suites: KEYED_DELIVERY,
  },
  {
    name: 'no dead letter is published',
    file: `${KIT}/keyed-delivery.ts`,
    find: `      const letter = this.#subscription.deadLetter(delivery, error);
      await this.#settlement.publishDeadLetter(letter, this.#ended.signal);
`,
    replace: '      this.#subscription.deadLetter(delivery, error);\n',
    suites: KEYED_DELIVERY,
  },
  {
    name: 'one delivery too many before the dead letter',
    file: `${KIT}/keyed-delivery.ts`,
    find: 'while (failures < deliveriesMax) {',
    replace: 'while (failures <= deliveriesMax) {',
    suites: KEYED_DELIVERY,
  },
  {
    name: 'a drain does not wait for running handlers',
    file: `${KIT}/keyed-delivery.ts`,
    find: `if (this.#lanes.size > 0) {
      await new`,
    replace: `if (this.#lanes.size < 0) {
      await new`,
    suites: KEYED_DELIVERY,
  },
  {
    name: 'a message that ends the process is not counted before its next delivery',
    file: `${KIT}/keyed-delivery.ts`,
    find: '      if (held.redelivered) await this.#record(held, failures + 1);\n',
    replace: '',
    suites: CONTRACT,
  },
  {
    name: 'a closing wildcard matches nothing, too',
    file: `${KIT}/event-bus-rules.ts`,
    find: "if (want === '>') return tokens.length > index;",
    replace: "if (want === '>') return tokens.length >= index;",
    suites: [`${KIT}/event-bus-rules.spec.ts`],
  },
  {
    name: 'a message is stored again under the same id',
    file: `${SQLITE}/event-log.ts`,
    find: 'if (known) return { sequence: known.sequence, duplicate: true };',
    replace: 'if (known && message.data.length === 0) return { sequence: known.sequence, duplicate: true };',
    suites: LOG,
  },
  {
    name: 'the end of the log goes back when its newest messages are deleted',
    file: `${SQLITE}/event-log.ts`,
    find: "(SELECT seq FROM sqlite_sequence WHERE name = 'log') AS last",
    replace: '(SELECT max(sequence) FROM log) AS last',
    suites: LOG,
  },
  {
    name: 'failed deliveries are forgotten at a restart',
    file: `${SQLITE}/durable.ts`,
    find: 'return this.#writes.submit(() => this.#table.recordFailures(this.name, sequence, failures));',
    replace: 'return Promise.resolve();',
    suites: CONTRACT,
  },
  {
    name: 'the position moves past what is not acknowledged',
    file: `${SQLITE}/durable.ts`,
    find: 'return Math.min(lowest - 1, this.#cursor);',
    replace: 'return this.#cursor;',
    suites: CONTRACT,
  },
  {
    name: 'two processes may open one log',
    file: `${SQLITE}/schema.ts`,
    find: 'locking_mode = EXCLUSIVE',
    replace: 'locking_mode = NORMAL',
    suites: LOG,
  },
];
