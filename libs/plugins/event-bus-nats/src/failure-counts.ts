import type { NatsEventBusConfig } from './config.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { fromNatsError } from './nats-errors.ts';
import { failuresStream, failuresSubject } from './stream.ts';

interface Stored {
  readonly id: string;
  readonly failures: number;
}

/**
 * Failed deliveries per message of one durable, kept by the broker. Its own delivery counter will not do: it also counts
 * messages that a subscriber merely held behind another one when it ended.
 */
export class FailureCounts {
  readonly #broker: BrokerConnection;
  readonly #config: NatsEventBusConfig;
  readonly #durable: string;

  constructor(broker: BrokerConnection, config: NatsEventBusConfig, durable: string) {
    this.#broker = broker;
    this.#config = config;
    this.#durable = durable;
  }

  #subject(sequence: bigint): string {
    return `${failuresSubject(this.#config)}.${this.#durable}.${sequence}`;
  }

  /** Resolves when stored. @throws {DomainError} when that is not known. */
  async record(sequence: bigint, id: string, failures: number): Promise<void> {
    try {
      const stored: Stored = { id, failures };
      await this.#broker.client.publish(this.#subject(sequence), JSON.stringify(stored));
    } catch (error) {
      throw fromNatsError(error, 'recording a failed delivery');
    }
  }

  /** 0 when nothing is recorded, or only for another message that had this sequence in an earlier stream. */
  async read(sequence: bigint, id: string): Promise<number> {
    try {
      const query = { last_by_subj: this.#subject(sequence) };
      const found = await this.#broker.manager.streams.getMessage(failuresStream(this.#config), query);
      const stored = found?.json<Stored>(); // written by `record`
      return stored?.id === id ? stored.failures : 0;
    } catch (error) {
      throw fromNatsError(error, 'reading failed deliveries');
    }
  }

  /** The message is settled. */
  async forget(sequence: bigint): Promise<void> {
    await this.#broker.manager.streams.purge(failuresStream(this.#config), { filter: this.#subject(sequence) });
  }
}
