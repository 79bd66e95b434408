import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { eventBusNatsPlugin } from '../index.ts';

/** A subscriber that takes messages and finishes none; it prints what it was handed and waits for its end. Arguments: url, durable, subject. */
const [url = '', durable = '', subject = ''] = process.argv.slice(2);
const bus = eventBusNatsPlugin.create(eventBusNatsPlugin.parseConfig({ servers: url }), {
  clock: systemClock,
  ids: createIdSource(systemClock, systemRandom),
  log: silentLogger,
  dataDirectory: '',
});
await bus.open(AbortSignal.timeout(5_000));
const subscription = await bus.subscribe(
  {
    durable,
    subject,
    from: 'beginning',
    ackWaitMs: 1_500,
    deliveriesMax: 5,
    backoffMs: [10],
    inFlightMax: 64,
    handlerTimeoutMs: 60_000,
    deadLetter: (delivery) => delivery,
  },
  (delivery) => {
    process.stdout.write(`${new TextDecoder().decode(delivery.data)} ${subscription.status().inFlight}\n`);
    return new Promise(() => undefined);
  },
);
setInterval(() => process.stdout.write(`held ${subscription.status().inFlight}\n`), 20);
