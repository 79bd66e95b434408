import { AckPolicy, jetstream, jetstreamManager, type PubAck } from '@nats-io/jetstream';
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
      const window: Promise<PubAck>[] = [];
      for (const [index, { id, key, data }] of messages.entries()) {
        if (index >= WINDOW) await window[index - WINDOW];
        window.push(client.publish(`bare.${key}`, data, { msgID: id }));
      }
      await Promise.all(window);
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
