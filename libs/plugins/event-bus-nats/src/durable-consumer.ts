import { AckPolicy, DeliverPolicy, type ConsumerConfig, type ConsumerInfo } from '@nats-io/jetstream';
import { millis, nanos } from '@nats-io/transport-node';
import { FailedPreconditionError } from '@slipway/kernel';
import type { SubscribeOptions } from '@slipway/plugin-kit';
import type { BrokerConnection } from './broker-connection.ts';
import type { NatsEventBusConfig } from './config.ts';
import { fromNatsError, isMissing } from './nats-errors.ts';

/** Where a durable begins when the broker does not know it: `after` a sequence it is known to have acknowledged, or as its subscriber says. */
export interface StartPosition {
  readonly after?: number;
}

/** Finds or makes the durable and gives it the limits of `options`. @throws {FailedPreconditionError} when it has another filter. */
export async function ensureConsumer(
  broker: BrokerConnection,
  config: NatsEventBusConfig,
  options: SubscribeOptions,
  start: StartPosition,
): Promise<{ readonly info: ConsumerInfo; readonly ackWaitMsBefore: number }> {
  const { consumers } = broker.manager;
  try {
    const found = await findConsumer(broker, config, options.durable);
    const limits = { ack_wait: nanos(options.ackWaitMs), max_ack_pending: options.inFlightMax };
    if (!found) {
      const info = await consumers.add(config.stream, { ...newConsumer(options, start), ...limits });
      return { info, ackWaitMsBefore: options.ackWaitMs };
    }
    assertSame(found.config, options);
    const { ack_wait: waitBefore = limits.ack_wait, max_ack_pending: pendingMax } = found.config;
    const isSame = waitBefore === limits.ack_wait && pendingMax === limits.max_ack_pending;
    const info = isSame ? found : await consumers.update(config.stream, options.durable, limits);
    return { info, ackWaitMsBefore: millis(waitBefore) };
  } catch (error) {
    throw isMissing(error, 'either') ? error : fromNatsError(error, `preparing durable ${options.durable}`);
  }
}

/** Undefined when the broker does not know it. */
export async function findConsumer(
  broker: BrokerConnection,
  config: NatsEventBusConfig,
  durable: string,
): Promise<ConsumerInfo | undefined> {
  try {
    return await broker.manager.consumers.info(config.stream, durable);
  } catch (error) {
    if (isMissing(error, 'consumer')) return undefined;
    throw error;
  }
}

function newConsumer(options: SubscribeOptions, start: StartPosition): Partial<ConsumerConfig> {
  const begin = options.from === 'now' ? DeliverPolicy.New : DeliverPolicy.All;
  return {
    durable_name: options.durable,
    filter_subject: options.subject,
    ack_policy: AckPolicy.Explicit,
    max_deliver: -1, // the dispatcher dead-letters; the broker would leave the message behind in silence
    ...(start.after === undefined
      ? { deliver_policy: begin }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.after + 1 }),
  };
}

function assertSame(found: ConsumerConfig, options: SubscribeOptions): void {
  if (found.filter_subject === options.subject && found.ack_policy === AckPolicy.Explicit) return;
  throw new FailedPreconditionError(
    `durable '${options.durable}' was made for subject '${found.filter_subject ?? ''}' (acknowledgement ${found.ack_policy}), not '${options.subject}': its filter is fixed, use another durable`,
    { reason: 'EVENT_BUS_DURABLE_DIFFERS', facts: { durable: options.durable } },
  );
}
