import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { WINDOW, type BusSide } from './bus-plan.ts';

const STREAM = 'BARE';

/** The client as it comes: publishes with a window of unconfirmed messages, one durable consumer, one acknowledgement for each message. */
export async function openBareNatsSide(url: string): Promise<BusSide> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: STREAM, subjects: ['bare.>'] });
  await manager.consumers.add(STREAM, {
    durable_name: 'bench',
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: WINDOW,
  });
  const client = jetstream(connection);
  return {
    publish: async (messages) => {
      // waits only when the window is full, so that messages of one turn leave in one write: awaiting each in turn halved the rate
      const confirmed: Promise<void>[] = [];
      let unconfirmed = 0;
      let goOn: () => void = () => undefined;
      for (const { id, key, data } of messages) {
        if (unconfirmed >= WINDOW) await new Promise<void>((resolve) => (goOn = resolve)); // one goes on for each that is confirmed
        unconfirmed += 1;
        const acknowledged = client.publish(`bare.${key}`, data, { msgID: id }).then(() => {
          unconfirmed -= 1;
          goOn();
        });
        confirmed.push(acknowledged);
      }
      await Promise.all(confirmed);
    },
    consume: async (messages) => {
      const consumer = await client.consumers.get(STREAM, 'bench');
      const stream = await consumer.consume({ max_messages: WINDOW });
      let seen = 0;
      for await (const message of stream) {
        message.ack();
        if ((seen += 1) === messages) break;
      }
      await stream.close();
      await connection.flush(); // the broker has all acknowledgements
    },
    close: () => connection.close(),
  };
}
